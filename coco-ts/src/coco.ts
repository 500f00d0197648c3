import type { Annotations, Category, Dataset, Id, ImageInfo, InstanceAnnotation, Kind } from './annotation.js';
import { annotationRuns, isCompressed, runsBitmap } from './annotationMask.js';
import { type DrawCommand, type ShowOptions, showCommands } from './draw.js';
import { CocoError } from './errors.js';
import { type Input, openInput, openSync } from './input.js';
import { decodeJson } from './json.js';
import type { Bitmap } from './mask/bitmap.js';
import { type Rle, type Runs, toRle } from './mask/runs.js';
import { type CocoOptions, printer, requireObject, requireRecords } from './options.js';
import { byId, filterAnns, filterCats, imagesOfAll, indexAnns, lookUp, many, type OneOrMany } from './query.js';
import { prepareResults, type ResultRecord, type ResultsInput, readResults, unknownImage } from './results.js';
import { type Columns, resultColumns } from './scan/columns.js';
import { scanDataset, scanResults } from './scan/document.js';
import { readRange } from './scan/source.js';
import { shown } from './shown.js';
import { type Unread, unreadFile, unreadResults } from './unread.js';
import { FormatError, listViolations, type Violation } from './violations.js';
import { listWarnings, type Warning } from './warnings.js';

/**
 * A COCO annotation file with the indices and queries of pycocotools. Lists, maps and records are plain and mutable:
 * after changing `dataset` call `createIndex()`.
 */
export class COCO<K extends Kind = 'instances'> {
  private readonly options: CocoOptions;
  /** What is still bytes and columns; null once it has become objects. */
  private pending: Unread | null = null;
  private objects: Dataset<K> = {};
  private annsById = new Map<Id, Annotations[K]>();
  private annsByImage = new Map<Id, Annotations[K][]>();
  private imagesByCategory = new Map<Id, Id[]>();
  private imagesById: Map<Id, ImageInfo> | null = new Map();
  private categoriesById: Map<Id, Category> | null = new Map();

  /**
   * @throws CocoError when dataset is no object or a record has no id; FormatError (strict) with every violation of the format
   */
  constructor(dataset?: Dataset<K> | null, options: CocoOptions = {}) {
    this.options = options;
    requireObject(dataset);
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
      return new COCO<K>(decodeJson(readRange(source, 0, source.length)) as Dataset<K>, options);
    const coco = new COCO<K>(null, options);
    coco.adopt(unreadFile(source, scanned));
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
  get anns(): Map<Id, Annotations[K]> {
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
    for (const [name, list] of Object.entries({ images, annotations, categories })) requireRecords(list, name);
    const maps = indexAnns<K>(annotations ?? [], categories !== undefined);
    this.annsById = maps.byId;
    this.annsByImage = maps.byImage;
    this.imagesByCategory = maps.imagesByCategory;
    this.imagesById = byId(images ?? []);
    this.categoriesById = byId(categories ?? []);
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
    return this.pending?.imageIds() ?? [...this.imgs.keys()];
  }

  private adopt(pending: Unread): void {
    this.pending = pending;
    this.imagesById = null;
    this.categoriesById = null;
    for (const line of ['creating index...', 'index created!']) printer(this.options.verbose)(line);
  }

  /** Columns to objects, once. */
  private materialize(): void {
    const { pending } = this;
    if (pending === null) return;
    const dataset = pending.read();
    this.pending = null;
    this.objects = dataset as unknown as Dataset<K>;
    this.buildIndex();
  }

  /** @internal */
  imageList(): ImageInfo[] | undefined {
    return this.pending === null ? this.objects.images : this.pending.imageList();
  }

  /** @internal */
  categoryList(): Category[] | undefined {
    return this.pending === null ? this.objects.categories : this.pending.categoryList();
  }

  private checkStrict(): void {
    const found = this.options.strict ? this.violations() : [];
    if (found.length > 0) throw new FormatError(found);
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
    const prepared = (): Dataset => prepareResults(this as unknown as COCO, readResults(results));
    const out = this.scannedResults(results) ?? new COCO<K>(prepared() as unknown as Dataset<K>, own);
    print('DONE');
    return out;
  }

  /** Rows imageId, x, y, width, height, score, categoryId as records. @throws CocoError for rows of another length */
  loadNumpyAnnotations(rows: readonly (readonly number[])[] | Float64Array): ResultRecord[] {
    return [...readResults(rows)];
  }

  /** Results as columns; null where they must be read as objects. */
  private scannedResults(results: ResultsInput): COCO<K> | null {
    const source = openSync(results);
    if (source === null || this.categoryList() === undefined) return null;
    const table = scanResults(source);
    const refuse = (id: Id): CocoError => unknownImage(id, this as unknown as COCO);
    const columns = table === 'unscannable' ? null : resultColumns(source, table, new Set(this.imageIds()), refuse);
    if (columns === null) return null;
    const out = new COCO<K>(null, { ...this.options, strict: false });
    out.adopt(unreadResults(columns, this as unknown as COCO));
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
