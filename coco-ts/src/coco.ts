import type { Annotations, Category, Dataset, Id, ImageInfo, InstanceAnnotation, Kind } from './annotation.js';
import { CocoError } from './errors.js';
import { type Input, openInput, openSync } from './input.js';
import { parseJson } from './json.js';
import { type Bitmap, decodeRuns, MAX_BITMAP_BYTES } from './mask/bitmap.js';
import { toRunsList } from './mask/index.js';
import { mergeRuns } from './mask/overlap.js';
import { type Rle, type Runs, toRle, toRuns } from './mask/runs.js';
import { prepareResults, type ResultRecord, type ResultsInput, readResults } from './results.js';
import { type Columns, readDataset, readKey, readRows, resultColumns } from './scan/columns.js';
import { type ScannedDataset, scanDataset, scanResults } from './scan/document.js';
import { readRange } from './scan/source.js';
import { listViolations, type Violation } from './violations.js';

type OneOrMany<T> = T | readonly T[];
/** In pycocotools a string is a list of one-letter strings; as a filter of names it is searched for each name. */
const many = <T>(value: OneOrMany<T>): readonly T[] => (Array.isArray(value) ? value : [value as T]);

export interface CocoOptions {
  /** Refuse a file with violations of the format (see `violations`) instead of behaving as pycocotools. */
  readonly strict?: boolean;
  /** Receives what pycocotools prints; silent by default. */
  readonly verbose?: boolean | ((line: string) => void);
}

/** The sink of progress lines. */
export function printer(verbose: boolean | ((line: string) => void) | undefined): (line: string) => void {
  if (typeof verbose === 'function') return verbose;
  return verbose ? (line) => console.log(line) : () => {};
}

interface Pending {
  readonly columns: Columns | null;
  /** A file of its own ... */
  readonly scanned?: ScannedDataset;
  /** ... or results over the images and categories of another one. */
  readonly truth?: COCO<Kind>;
  images?: ImageInfo[] | undefined;
  categories?: Category[] | undefined;
}

/**
 * A COCO annotation file with the indices and queries of pycocotools. Lists, maps and records are plain and mutable:
 * after changing `dataset` call `createIndex()`.
 */
export class COCO<K extends Kind = 'instances'> {
  private readonly options: CocoOptions;
  /** What is still bytes and columns; null once it has become objects. */
  private pending: Pending | null = null;
  private objects: Dataset<K> = {};
  private annsById = new Map<number, Annotations[K]>();
  private annsByImage = new Map<Id, Annotations[K][]>();
  private imagesByCategory = new Map<Id, Id[]>();
  private imagesById: Map<Id, ImageInfo> | null = new Map();
  private categoriesById: Map<Id, Category> | null = new Map();

  /**
   * @throws CocoError when dataset is no object, a record has no id, or (strict) on violations of the format
   */
  constructor(dataset?: Dataset<K> | null, options: CocoOptions = {}) {
    this.options = options;
    if (dataset !== undefined && dataset !== null && (typeof dataset !== 'object' || Array.isArray(dataset))) {
      throw new CocoError(
        `annotation file format ${Array.isArray(dataset) ? 'list' : typeof dataset} not supported`,
        'AssertionError',
      );
    }
    if (!dataset) return;
    this.objects = dataset;
    this.checkStrict();
    this.createIndex();
  }

  /**
   * Reads a file, bytes or a stream; gzip is unpacked. The annotations stay columns of numbers until someone asks for the records, so
   * that a file may be longer than a string (512 MB) and than memory.
   */
  static async load<K extends Kind = 'instances'>(input: Input, options: CocoOptions = {}): Promise<COCO<K>> {
    const print = printer(options.verbose);
    print('loading annotations into memory...');
    const started = performance.now();
    const source = await openInput(input);
    const scanned = scanDataset(source);
    print(`Done (t=${((performance.now() - started) / 1000).toFixed(2)}s)`);
    if (scanned === 'unscannable')
      return new COCO<K>(
        parseJson(new TextDecoder().decode(readRange(source, 0, source.length))) as Dataset<K>,
        options,
      );
    const coco = new COCO<K>(null, options);
    coco.adopt({ scanned, columns: scanned.annotations && { source, table: scanned.annotations, results: null } });
    coco.checkStrict();
    return coco;
  }

  /** The whole file. Assign another one and call `createIndex()`. */
  get dataset(): Dataset<K> {
    this.materialize();
    return this.objects;
  }

  set dataset(dataset: Dataset<K>) {
    this.materialize();
    this.objects = dataset;
  }

  /** By id; of records with one id the last. */
  get anns(): Map<number, Annotations[K]> {
    this.materialize();
    return this.annsById;
  }

  /** Every annotation of an image, in file order. */
  get imgToAnns(): Map<Id, Annotations[K][]> {
    this.materialize();
    return this.annsByImage;
  }

  /** Image ids of a category, one per annotation. */
  get catToImgs(): Map<Id, Id[]> {
    this.materialize();
    return this.imagesByCategory;
  }

  get imgs(): Map<Id, ImageInfo> {
    this.imagesById ??= byId(this.imageList() ?? []);
    return this.imagesById;
  }

  get cats(): Map<Id, Category> {
    this.categoriesById ??= byId(this.categoryList() ?? []);
    return this.categoriesById;
  }

  /** Rebuilds the maps from `dataset`. */
  createIndex(): void {
    const print = printer(this.options.verbose);
    print('creating index...');
    this.buildIndex();
    print('index created!');
  }

  private buildIndex(): void {
    const { annotations, images, categories } = this.dataset;
    this.annsById = new Map();
    this.annsByImage = new Map();
    this.imagesByCategory = new Map();
    for (const [index, ann] of (annotations ?? []).entries()) {
      if (ann.id === undefined) throw new CocoError(`annotation ${index} has no id`, 'KeyError');
      if (ann.image_id === undefined) throw new CocoError(`annotation ${index} has no image_id`, 'KeyError');
      push(this.annsByImage, ann.image_id, ann);
      this.annsById.set(ann.id, ann);
    }
    this.imagesById = byId(images ?? []);
    this.categoriesById = byId(categories ?? []);
    if (annotations && categories) {
      for (const ann of annotations)
        if (ann.category_id !== undefined) push(this.imagesByCategory, ann.category_id as Id, ann.image_id);
    }
  }

  /**
   * The annotations as columns, for the evaluator; null when they are objects.
   * @internal
   */
  columns(): Columns | null {
    return this.pending?.columns ?? null;
  }

  /** @internal */
  imageIds(): Id[] {
    const ids = this.pending?.scanned?.imageIds;
    return ids ? [...new Set<number>(ids)] : [...this.imgs.keys()];
  }

  private adopt(pending: Pending): void {
    this.pending = pending;
    this.imagesById = null;
    this.categoriesById = null;
    printer(this.options.verbose)('creating index...');
    printer(this.options.verbose)('index created!');
  }

  /** Columns to objects, once. */
  private materialize(): void {
    const { pending } = this;
    if (pending === null) return;
    const images = this.imageList();
    const categories = this.categoryList();
    this.pending = null;
    if (pending.scanned) this.objects = readDataset(pending.scanned, images, categories) as unknown as Dataset<K>;
    else if (pending.truth) {
      const records = readRows(pending.columns!) as ResultRecord[];
      this.objects = prepareResults(pending.truth as unknown as COCO, records) as unknown as Dataset<K>;
      if (images) this.objects.images = images;
      if (categories) this.objects.categories = categories;
    }
    this.buildIndex();
  }

  private imageList(): ImageInfo[] | undefined {
    if (this.pending === null) return this.objects.images;
    this.pending.images ??= this.pending.scanned
      ? (readKey(this.pending.scanned, 'images') as ImageInfo[] | undefined)
      : [...(this.pending.truth?.imageList() ?? [])];
    return this.pending.images;
  }

  private categoryList(): Category[] | undefined {
    if (this.pending === null) return this.objects.categories;
    this.pending.categories ??= this.pending.scanned
      ? (readKey(this.pending.scanned, 'categories') as Category[] | undefined)
      : structuredClone(this.pending.truth?.categoryList());
    return this.pending.categories;
  }

  private checkStrict(): void {
    if (!this.options.strict) return;
    const found = this.violations();
    const first = found[0];
    if (first)
      throw new CocoError(`${found.length} violations of the COCO format; the first: ${first.message}`, 'ValueError');
  }

  /** The lines `key: value` of the file's info. @throws CocoError without info */
  info(): string[] {
    if (this.dataset.info === undefined) throw new CocoError('the file has no info', 'KeyError');
    const lines = Object.entries(this.dataset.info).map(([key, value]) => `${key}: ${String(value)}`);
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
  ): number[] {
    const images = many(imgIds);
    const categories = many(catIds);
    let found: readonly Annotations[K][];
    if (images.length > 0) found = images.flatMap((id) => this.imgToAnns.get(id) ?? []);
    else {
      const list = this.dataset.annotations;
      if (list === undefined) throw new CocoError('the data set has no annotations', 'KeyError');
      found = list;
    }
    if (categories.length > 0) {
      const wanted = new Set(categories);
      found = found.filter((ann) => wanted.has(ann.category_id as Id));
    }
    if (areaRng.length > 0) {
      const [low, high] = areaRng as [number, number];
      found = found.filter((ann) => (ann.area as number) > low && (ann.area as number) < high);
    }
    if (iscrowd !== undefined && iscrowd !== null)
      found = found.filter((ann) => Number(ann.iscrowd) === Number(iscrowd));
    return found.map((ann) => ann.id);
  }

  /** Category ids in file order. A string as filter is searched for each name, as Python's `name in 'text'` does; use a list for equality. */
  getCatIds(
    catNms: string | readonly string[] = [],
    supNms: string | readonly string[] = [],
    catIds: OneOrMany<Id> = [],
  ): Id[] {
    const ids = many(catIds);
    const list = this.categoryList();
    if (list === undefined) throw new CocoError('the data set has no categories', 'KeyError');
    return list
      .filter((category) => catNms.length === 0 || catNms.includes(category.name as string))
      .filter((category) => supNms.length === 0 || supNms.includes(category.supercategory as string))
      .filter((category) => ids.length === 0 || ids.includes(category.id))
      .map((category) => category.id);
  }

  /** Ids of the images that contain every given category; imgIds need not exist. */
  getImgIds(imgIds: OneOrMany<Id> = [], catIds: OneOrMany<Id> = []): Id[] {
    const images = many(imgIds);
    const categories = many(catIds);
    if (images.length === 0 && categories.length === 0) return this.imageIds();
    let ids = new Set(images);
    for (const [index, category] of categories.entries()) {
      const having = new Set(this.catToImgs.get(category) ?? []);
      ids = index === 0 && ids.size === 0 ? having : new Set([...ids].filter((id) => having.has(id)));
    }
    return [...ids];
  }

  /** The records themselves, not copies. @throws CocoError on an unknown id */
  loadAnns(ids: OneOrMany<number> = []): Annotations[K][] {
    return many(ids).map((id) => lookUp(this.anns, id, 'annotation'));
  }

  loadCats(ids: OneOrMany<Id> = []): Category[] {
    return many(ids).map((id) => lookUp(this.cats, id, 'category'));
  }

  loadImgs(ids: OneOrMany<Id> = []): ImageInfo[] {
    return many(ids).map((id) => lookUp(this.imgs, id, 'image'));
  }

  /**
   * Detections as a COCO object of their own, over the same images and categories. The first record decides what they are:
   * captions, boxes, masks or keypoints; area, id and iscrowd are set as pycocotools does, on copies of the records.
   *
   * @param results a path (Node), the bytes of a JSON list, its records, or rows imageId, x, y, width, height, score, categoryId
   *   as number[][] or as a flat Float64Array
   * @throws CocoError when a record names an image that is not in this data set, or the list is empty
   */
  loadRes(results: ResultsInput): COCO<K> {
    const print = printer(this.options.verbose);
    print('Loading and preparing results...');
    const out = this.scannedResults(results) ?? this.objectResults(readResults(results));
    print('DONE');
    return out;
  }

  private objectResults(records: readonly ResultRecord[]): COCO<K> {
    return new COCO<K>(prepareResults(this as unknown as COCO, records) as unknown as Dataset<K>, {
      ...this.options,
      strict: false,
    });
  }

  /** Results as columns; null where they must be read as objects. */
  private scannedResults(results: ResultsInput): COCO<K> | null {
    const source = openSync(results);
    if (source === null || this.categoryList() === undefined) return null;
    const table = scanResults(source);
    const columns = table === 'unscannable' ? null : resultColumns(source, table, this.imgs);
    if (columns === null) return null;
    const out = new COCO<K>(null, { ...this.options, strict: false });
    out.adopt({ columns, truth: this as unknown as COCO<Kind> });
    return out;
  }

  /** The mask of an annotation as compressed RLE. Polygons need the image's height and width. */
  annToRLE(ann: Pick<InstanceAnnotation, 'image_id' | 'segmentation'>): Rle {
    const segmentation: unknown = ann.segmentation;
    if (isCompressed(segmentation)) return segmentation;
    return toRle(this.annToRuns(ann));
  }

  /** The same as run lengths. */
  annToRuns(ann: Pick<InstanceAnnotation, 'image_id' | 'segmentation'>): Runs {
    const segmentation: unknown = ann.segmentation;
    if (segmentation === undefined) throw new CocoError('the annotation has no segmentation', 'KeyError');
    if (!Array.isArray(segmentation)) return toRuns(segmentation as Rle);
    const { height, width } = lookUp(this.imgs, ann.image_id, 'image');
    if (height === undefined || width === undefined) {
      throw new CocoError(`image ${ann.image_id} has no height and width, which its polygons need`, 'KeyError');
    }
    return mergeRuns(toRunsList(segmentation, height, width) as Runs[]);
  }

  /** The mask of an annotation as bytes, column-major. */
  annToMask(ann: Pick<InstanceAnnotation, 'image_id' | 'segmentation'>): Bitmap & { data: Uint8Array } {
    const runs = this.annToRuns(ann);
    const pixels = runs.height * runs.width;
    if (pixels > MAX_BITMAP_BYTES)
      throw new CocoError(`a mask of ${runs.height}x${runs.width} pixels is too large to decode`, 'ValueError');
    const data = new Uint8Array(pixels);
    decodeRuns(runs, data, 0);
    return { data, height: runs.height, width: runs.width };
  }

  /** Everything in the file that breaks the format, each with its place. */
  violations(): Violation[] {
    return listViolations(this.dataset as unknown as Dataset);
  }

  /** The data set, for JSON.stringify. */
  toJSON(): Dataset<K> {
    return this.dataset;
  }
}

const byId = <T extends { id: Id }>(list: readonly T[]): Map<Id, T> =>
  new Map(list.map((record) => [record.id, record]));

function push<A, B>(map: Map<A, B[]>, key: A, value: B): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function lookUp<A, B>(map: Map<A, B>, id: A, what: string): B {
  const found = map.get(id);
  if (found === undefined) throw new CocoError(`there is no ${what} with id ${String(id)}`, 'KeyError');
  return found;
}

function isCompressed(segmentation: unknown): segmentation is Rle {
  return typeof segmentation === 'object' && segmentation !== null && typeof (segmentation as Rle).counts === 'string';
}
