import type { Annotations, Category, Dataset, Id, ImageInfo, InstanceAnnotation, Kind } from './annotation.js';
import { CocoError } from './errors.js';
import { type Input, readInput } from './input.js';
import { parseJson } from './json.js';
import { type Bitmap, decodeRuns, MAX_BITMAP_BYTES } from './mask/bitmap.js';
import { toRunsList } from './mask/index.js';
import { mergeRuns } from './mask/overlap.js';
import { type Rle, type Runs, toRle, toRuns } from './mask/runs.js';
import { prepareResults, type ResultsInput, readResults } from './results.js';
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

/**
 * A COCO annotation file with the indices and queries of pycocotools. Lists, maps and records are plain and mutable:
 * after changing `dataset` call `createIndex()`.
 */
export class COCO<K extends Kind = 'instances'> {
  dataset: Dataset<K>;
  /** By id; of records with one id the last. */
  anns = new Map<number, Annotations[K]>();
  cats = new Map<Id, Category>();
  imgs = new Map<Id, ImageInfo>();
  /** Every annotation of an image, in file order. */
  imgToAnns = new Map<Id, Annotations[K][]>();
  /** Image ids of a category, one per annotation. */
  catToImgs = new Map<Id, Id[]>();
  private readonly options: CocoOptions;

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
    this.dataset = dataset ?? {};
    if (!dataset) return;
    if (options.strict) {
      const found = this.violations();
      const first = found[0];
      if (first)
        throw new CocoError(`${found.length} violations of the COCO format; the first: ${first.message}`, 'ValueError');
    }
    this.createIndex();
  }

  /** Reads a file, bytes or a stream; gzip is unpacked. */
  static async load<K extends Kind = 'instances'>(input: Input, options: CocoOptions = {}): Promise<COCO<K>> {
    const print = printer(options.verbose);
    print('loading annotations into memory...');
    const started = performance.now();
    const dataset = parseJson(new TextDecoder().decode(await readInput(input))) as Dataset<K>;
    print(`Done (t=${((performance.now() - started) / 1000).toFixed(2)}s)`);
    return new COCO<K>(dataset, options);
  }

  /** Rebuilds the maps from `dataset`. */
  createIndex(): void {
    const print = printer(this.options.verbose);
    print('creating index...');
    const { annotations, images, categories } = this.dataset;
    this.anns = new Map();
    this.imgToAnns = new Map();
    this.catToImgs = new Map();
    for (const [index, ann] of (annotations ?? []).entries()) {
      if (ann.id === undefined) throw new CocoError(`annotation ${index} has no id`, 'KeyError');
      if (ann.image_id === undefined) throw new CocoError(`annotation ${index} has no image_id`, 'KeyError');
      push(this.imgToAnns, ann.image_id, ann);
      this.anns.set(ann.id, ann);
    }
    this.imgs = new Map((images ?? []).map((image) => [image.id, image]));
    this.cats = new Map((categories ?? []).map((category) => [category.id, category]));
    if (annotations && categories) {
      for (const ann of annotations)
        if (ann.category_id !== undefined) push(this.catToImgs, ann.category_id as Id, ann.image_id);
    }
    print('index created!');
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
    else found = this.requireList('annotations');
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
    return this.requireList('categories')
      .filter((category) => catNms.length === 0 || catNms.includes(category.name as string))
      .filter((category) => supNms.length === 0 || supNms.includes(category.supercategory as string))
      .filter((category) => ids.length === 0 || ids.includes(category.id))
      .map((category) => category.id);
  }

  /** Ids of the images that contain every given category; imgIds need not exist. */
  getImgIds(imgIds: OneOrMany<Id> = [], catIds: OneOrMany<Id> = []): Id[] {
    const images = many(imgIds);
    const categories = many(catIds);
    if (images.length === 0 && categories.length === 0) return [...this.imgs.keys()];
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
    const dataset = prepareResults(this as unknown as COCO, readResults(results));
    print('DONE');
    return new COCO<K>(dataset as Dataset<K>, { ...this.options, strict: false });
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

  private requireList<N extends 'annotations' | 'categories'>(name: N): NonNullable<Dataset<K>[N]> {
    const list = this.dataset[name];
    if (list === undefined) throw new CocoError(`the data set has no ${name}`, 'KeyError');
    return list as NonNullable<Dataset<K>[N]>;
  }
}

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
