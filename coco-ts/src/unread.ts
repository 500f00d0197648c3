import type { Category, Dataset, Id, ImageInfo } from './annotation.js';
import type { COCO } from './coco.js';
import { requireRecords } from './options.js';
import { prepareResults, type ResultRecord } from './results.js';
import { type Columns, readDataset, readKey, readRows } from './scan/columns.js';
import type { ScannedDataset } from './scan/document.js';
import type { ByteSource } from './scan/source.js';

/** A data set that is still bytes and columns: its parts become objects when they are asked for. */
export interface Unread {
  readonly columns: Columns | null;
  imageList(): ImageInfo[] | undefined;
  categoryList(): Category[] | undefined;
  /** Ids of the images, if they are known without reading the records. */
  imageIds(): Id[] | null;
  /** Everything. */
  read(): Dataset;
}

/** Evaluates once. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A scanned file of its own. */
export function unreadFile(source: ByteSource, scanned: ScannedDataset): Unread {
  const imageList = once(() => requireRecords(readKey(scanned, 'images') as ImageInfo[] | undefined, 'images'));
  const categoryList = once(() =>
    requireRecords(readKey(scanned, 'categories') as Category[] | undefined, 'categories'),
  );
  return {
    columns: scanned.annotations && { source, table: scanned.annotations, results: null },
    imageList,
    categoryList,
    imageIds: () => scanned.imageIds && [...new Set<number>(scanned.imageIds)],
    read: () => readDataset(scanned, imageList(), categoryList()),
  };
}

/** Results over the images and categories of another data set. */
export function unreadResults(columns: Columns, truth: COCO): Unread {
  const imageList = once(() => [...(truth.imageList() ?? [])]);
  const categoryList = once(() => structuredClone(truth.categoryList()));
  return {
    columns,
    imageList,
    categoryList,
    imageIds: () => null,
    read() {
      const dataset = prepareResults(truth, readRows(columns) as ResultRecord[]);
      dataset.images = imageList();
      const categories = categoryList();
      if (categories) dataset.categories = categories;
      return dataset;
    },
  };
}
