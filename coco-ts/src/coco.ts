import type { Annotated } from './annotated.js';
import type { Annotations, Category, Dataset, Id, ImageInfo, InstanceAnnotation, Kind } from './annotation.js';
import { annotationRuns, isCompressed, runsBitmap } from './annotationMask.js';
import { type DrawCommand, type ShowOptions, showCommands } from './draw.js';
import { CocoError } from './errors.js';
import type { Input } from './input.js';
import type { Bitmap } from './mask/bitmap.js';
import { type Rle, type Runs, toRle } from './mask/runs.js';
import { type CocoOptions, printer, requireObject, requireRecords } from './options.js';
import { openParts, resultParts } from './parts.js';
import { byId, filterAnns, filterCats, imagesOfAll, indexAnns, lookUp, many, type OneOrMany } from './query.js';
import { type ResultRecord, type ResultsInput, readResults } from './results.js';
import { shown } from './shown.js';
import { FormatError, listViolations, type Violation } from './violations.js';
import { listWarnings, type Warning } from './warnings.js';

/**
 * A COCO annotation file with the indices and queries of pycocotools. Lists, maps and records are plain and mutable:
 * after changing `dataset` call `createIndex()`.
 */
export class COCO<K extends Kind = 'instances'> implements Annotated {
  /** The whole file. After assigning or changing it call `createIndex()`. */
  dataset: Dataset<K> = {};
  /** By id; of records with one id the last. */
  anns = new Map<Id, Annotations[K]>();
  /** Every annotation of an image, in file order. */
  imgToAnns = new Map<Id, Annotations[K][]>();
  /** Image ids of a category, one per annotation. */
  catToImgs = new Map<Id, Id[]>();
  imgs = new Map<Id, ImageInfo>();
  cats = new Map<Id, Category>();
  /** Objects are no columns: those are a `CocoFile`'s. */
  readonly columns = null;
  private readonly options: CocoOptions;

  /**
   * @throws CocoError when dataset is no object or a record has no id; FormatError (strict) with every violation of the format
   */
  constructor(dataset?: Dataset<K> | null, options: CocoOptions = {}) {
    this.options = options;
    requireObject(dataset);
    if (!dataset) return;
    this.dataset = dataset;
    const found = options.strict ? this.violations() : [];
    if (found.length > 0) throw new FormatError(found);
    this.createIndex();
  }

  /**
   * Reads a file, bytes or a stream as objects; gzip is unpacked. For an evaluation alone `CocoFile.open` is many times as quick.
   * @throws CocoError as the constructor, and for what is no JSON
   */
  static async load<K extends Kind = 'instances'>(input: Input, options: CocoOptions = {}): Promise<COCO<K>> {
    return new COCO<K>((await openParts(input, options)).read() as unknown as Dataset<K>, options);
  }

  /** Rebuilds the maps from `dataset`. */
  createIndex(): void {
    const print = printer(this.options.verbose);
    print('creating index...');
    const { annotations, images, categories } = this.dataset;
    for (const [name, list] of Object.entries({ images, annotations, categories })) requireRecords(list, name);
    const maps = indexAnns<K>(annotations ?? [], categories !== undefined);
    this.anns = maps.byId;
    this.imgToAnns = maps.byImage;
    this.catToImgs = maps.imagesByCategory;
    this.imgs = byId(images ?? []);
    this.cats = byId(categories ?? []);
    print('index created!');
  }

  /** @internal */
  imageIds(): Id[] {
    return [...this.imgs.keys()];
  }

  /** @internal */
  imageList(): ImageInfo[] | undefined {
    return this.dataset.images;
  }

  /** @internal */
  categoryList(): Category[] | undefined {
    return this.dataset.categories;
  }

  /** @internal */
  objects(): COCO {
    return this as unknown as COCO;
  }

  /** The lines `key: value` of the file's info. @throws CocoError without info */
  info(): string[] {
    if (this.dataset.info === undefined) throw new CocoError('the file has no info', 'KeyError');
    const lines = Object.entries(this.dataset.info).map(([key, value]) => `${shown(key)}: ${shown(value)}`);
    lines.forEach(printer(this.options.verbose));
    return lines;
  }

  /**
   * Ids of annotations that pass every filter; an empty filter passes all. Order: of imgIds, then of the file.
   * `areaRng` is exclusive at both ends.
   */
  getAnnIds(
    imgIds: OneOrMany<Id> = [],
    catIds: OneOrMany<Id> = [],
    areaRng: readonly number[] = [],
    iscrowd?: number | boolean | null,
  ): Id[] {
    const images = many(imgIds);
    const found = images.length > 0 ? images.flatMap((id) => this.imgToAnns.get(id) ?? []) : this.allAnns();
    return filterAnns(found, many(catIds), areaRng, iscrowd).map((ann) => ann.id);
  }

  private allAnns(): readonly Annotations[K][] {
    const list = this.dataset.annotations;
    if (!list) throw new CocoError('the data set has no annotations', 'KeyError');
    return list;
  }

  /** Category ids in file order. A string as filter is searched for each name, as Python's `name in 'text'` does; use a list for equality. */
  getCatIds(
    catNms: string | readonly string[] = [],
    supNms: string | readonly string[] = [],
    catIds: OneOrMany<Id> = [],
  ): Id[] {
    const list = this.categoryList();
    if (!list) throw new CocoError('the data set has no categories', 'KeyError');
    return filterCats(list, catNms, supNms, many(catIds)).map((category) => category.id);
  }

  /** Ids of the images that contain every given category; imgIds need not exist. */
  getImgIds(imgIds: OneOrMany<Id> = [], catIds: OneOrMany<Id> = []): Id[] {
    const images = many(imgIds);
    const categories = many(catIds);
    if (images.length === 0 && categories.length === 0) return this.imageIds();
    return imagesOfAll(images, categories, this.catToImgs);
  }

  /** The records themselves, not copies. @throws CocoError on an unknown id */
  loadAnns(ids: OneOrMany<Id> = []): Annotations[K][] {
    return many(ids).map((id) => lookUp(this.anns, id, 'annotation'));
  }

  /** The records themselves, not copies. @throws CocoError on an unknown id */
  loadCats(ids: OneOrMany<Id> = []): Category[] {
    return many(ids).map((id) => lookUp(this.cats, id, 'category'));
  }

  /** The records themselves, not copies. @throws CocoError on an unknown id */
  loadImgs(ids: OneOrMany<Id> = []): ImageInfo[] {
    return many(ids).map((id) => lookUp(this.imgs, id, 'image'));
  }

  /**
   * Detections as a COCO object of their own, over the same images and categories. The first record decides what they are:
   * captions, boxes, masks or keypoints; area, id and iscrowd are set as pycocotools does, on copies of the records.
   *
   * @param results a path (Node), the bytes of a JSON list, of an object with the list as `annotations`, or of JSON lines; its records,
   *   or rows imageId, x, y, width, height, score, categoryId as number[][] or as a flat Float64Array
   * @throws CocoError when a record names an image that is not in this data set
   */
  loadRes(results: ResultsInput): COCO<K> {
    const print = printer(this.options.verbose);
    print('Loading and preparing results...');
    const own = { ...this.options, strict: false };
    const out = new COCO<K>(resultParts(this, results).read() as unknown as Dataset<K>, own);
    print('DONE');
    return out;
  }

  /** Rows imageId, x, y, width, height, score, categoryId as records. @throws CocoError for rows of another length */
  loadNumpyAnnotations(rows: readonly (readonly number[])[] | Float64Array): ResultRecord[] {
    return [...readResults(rows)];
  }

  /** The mask of an annotation as compressed RLE. Polygons need the image's height and width. */
  annToRLE(ann: Pick<InstanceAnnotation, 'image_id' | 'segmentation'>): Rle {
    const segmentation: unknown = ann.segmentation;
    if (isCompressed(segmentation)) return segmentation;
    return toRle(this.annToRuns(ann));
  }

  /** The same as run lengths. */
  annToRuns(ann: Pick<InstanceAnnotation, 'image_id' | 'segmentation'>): Runs {
    return annotationRuns(ann, (id) => lookUp(this.imgs, id, 'image'));
  }

  /** The mask of an annotation as bytes, column-major. */
  annToMask(ann: Pick<InstanceAnnotation, 'image_id' | 'segmentation'>): Bitmap & { data: Uint8Array } {
    const runs = this.annToRuns(ann);
    return runsBitmap(runs);
  }

  /**
   * What pycocotools would draw, as commands; `drawCommands` puts them on a canvas.
   * @throws CocoError for records that are neither objects nor captions
   */
  showAnns(anns: readonly Annotations[K][], options: ShowOptions = {}): DrawCommand[] {
    return showCommands(this, anns, options);
  }

  /** Everything in the file that breaks the format, each with its place. */
  violations(): Violation[] {
    return listViolations(this.dataset as unknown as Dataset);
  }

  /** What breaks no rule but is worth knowing: missing areas, an id 0, boxes beyond their image, names that occur twice. */
  warnings(): Warning[] {
    return listWarnings(this.dataset as unknown as Dataset);
  }

  /** The data set, for JSON.stringify, which refuses bigints; `jsonChunks` writes them. */
  toJSON(): Dataset<K> {
    return this.dataset;
  }
}
