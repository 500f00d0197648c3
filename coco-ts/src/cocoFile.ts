import type { Annotated } from './annotated.js';
import type { Category, Dataset, Id, ImageInfo, Kind } from './annotation.js';
import { COCO } from './coco.js';
import type { Input } from './input.js';
import { type CocoOptions, printer, requireRecords } from './options.js';
import { once, openParts, type Parts, resultParts } from './parts.js';
import { byId } from './query.js';
import type { ResultsInput } from './results.js';
import type { Columns } from './scan/columns.js';
import { HAS } from './scan/table.js';

/** Annotations of boxes alone, row by row in file order, without an object for each. */
export interface BoxRows {
  readonly count: number;
  /** NaN: the row names none. */
  readonly image: (row: number) => number;
  readonly category: (row: number) => number;
  /** x, y, width, height; null: the row has none. */
  readonly box: (row: number) => [x: number, y: number, width: number, height: number] | null;
  readonly area: (row: number) => number | null;
  readonly isCrowd: (row: number) => boolean;
}

/**
 * A COCO annotation file, or results, as columns of numbers, which stay what they are: what an evaluation needs, at a fraction of the
 * time and memory of objects, of files longer than a string (512 MB) and than memory, too. `toObjects` makes the records.
 */
export class CocoFile implements Annotated {
  /** Null where a value fits no column: an id that is a text, say. An evaluation then makes objects by itself. */
  readonly columns: Columns | null;
  /** The records of the file's images, and of its categories, read when first asked for; undefined where it has no such list. */
  readonly imageList: () => ImageInfo[] | undefined;
  readonly categoryList: () => Category[] | undefined;
  /** @internal */
  readonly objects: () => COCO;
  private readonly parts: Parts;
  private readonly options: CocoOptions;
  private readonly imagesById: () => Map<Id, ImageInfo>;
  private readonly categoriesById: () => Map<Id, Category>;

  private constructor(parts: Parts, options: CocoOptions) {
    this.parts = parts;
    this.options = options;
    this.columns = parts.columns;
    this.imageList = once(() => requireRecords(parts.images(), 'images'));
    this.categoryList = once(() => requireRecords(parts.categories(), 'categories'));
    this.imagesById = once(() => byId(this.imageList() ?? []));
    this.categoriesById = once(() => byId(this.categoryList() ?? []));
    this.objects = once(() => this.toObjects());
    // What is wrong with objects is said now.
    if (parts.columns === null) this.objects();
  }

  /**
   * Reads a file, bytes or a stream; gzip is unpacked.
   * @throws CocoError for what is no COCO file; FormatError (strict) with every violation of the format
   */
  static async open(input: Input, options: CocoOptions = {}): Promise<CocoFile> {
    const file = new CocoFile(await openParts(input, options), options);
    if (options.strict) file.objects();
    return file;
  }

  get imgs(): Map<Id, ImageInfo> {
    return this.imagesById();
  }

  get cats(): Map<Id, Category> {
    return this.categoriesById();
  }

  /** Ids of the images, each once, in file order. */
  imageIds(): Id[] {
    return this.parts.ids?.() ?? [...this.imgs.keys()];
  }

  /** Detections over this file's images and categories, as columns. @throws CocoError as `COCO.loadRes` */
  loadRes(results: ResultsInput): CocoFile {
    const print = printer(this.options.verbose);
    print('Loading and preparing results...');
    const file = new CocoFile(resultParts(this, results), { ...this.options, strict: false });
    print('DONE');
    return file;
  }

  /** Null: some row has a segmentation, or a value that fits no column. */
  boxRows(): BoxRows | null {
    const table = this.columns?.table;
    if (table === undefined || table.used & (HAS.segmentation | HAS.rle)) return null;
    const { count, has, image, category, boxes, area, crowd } = table;
    const holds = (row: number, bit: number): boolean => (has[row]! & bit) !== 0;
    return {
      count,
      image: (row) => (holds(row, HAS.image) ? image[row]! : Number.NaN),
      category: (row) => (holds(row, HAS.category) ? category[row]! : Number.NaN),
      box: (row) => {
        const at = 4 * row;
        return holds(row, HAS.box) ? [boxes[at]!, boxes[at + 1]!, boxes[at + 2]!, boxes[at + 3]!] : null;
      },
      area: (row) => (holds(row, HAS.area) ? area[row]! : null),
      isCrowd: (row) => holds(row, HAS.crowd) && crowd[row] === 1,
    };
  }

  /** The records of pycocotools, made anew with every call. Changing them changes nothing here. */
  toObjects<K extends Kind = 'instances'>(): COCO<K> {
    return new COCO<K>(this.parts.read() as unknown as Dataset<K>, this.options);
  }
}
