import type { Annotated } from './annotated.js';
import type { Category, Dataset, Id, ImageInfo } from './annotation.js';
import { type Input, openInput, openSync } from './input.js';
import { decodeJson } from './json.js';
import { type CocoOptions, printer } from './options.js';
import { prepareResults, type ResultRecord, type ResultsInput, readResults, unknownImage } from './results.js';
import { type Columns, readDataset, readKey, readRows, resultColumns } from './scan/columns.js';
import { scanDataset, scanResults } from './scan/document.js';
import { readRange } from './scan/source.js';

/** What was read of a file, and how to read the rest. */
export interface Parts {
  /** The annotations; null where a value fits no column. */
  readonly columns: Columns | null;
  images(): ImageInfo[] | undefined;
  categories(): Category[] | undefined;
  /** Ids of the images, if they are known without reading the records. */
  ids?(): Id[] | null;
  /** All of it as objects, made anew. */
  read(): Dataset;
}

/** Evaluates once. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Reads the annotations of a file, bytes or a stream to columns; gzip is unpacked. */
export async function openParts(input: Input, { verbose }: CocoOptions): Promise<Parts> {
  const print = printer(verbose);
  print('loading annotations into memory...');
  const started = performance.now();
  const source = await openInput(input);
  const scanned = scanDataset(source);
  print(`Done (t=${((performance.now() - started) / 1000).toFixed(2)}s)`);
  if (scanned === 'unscannable') return objectParts(() => decodeJson(readRange(source, 0, source.length)) as Dataset);
  return {
    columns: scanned.annotations && { source, table: scanned.annotations, results: null },
    images: () => readKey(scanned, 'images') as ImageInfo[] | undefined,
    categories: () => readKey(scanned, 'categories') as Category[] | undefined,
    ids: () => scanned.imageIds && [...new Set<number>(scanned.imageIds)],
    read: () => readDataset(scanned),
  };
}

/** Results over the images and categories of a truth. @throws CocoError for one of an image that the truth does not have */
export function resultParts(truth: Annotated, results: ResultsInput): Parts {
  const columns = columnsOf(truth, results);
  if (columns === null) return objectParts(() => prepareResults(truth.objects(), readResults(results)));
  return {
    columns,
    images: () => [...(truth.imageList() ?? [])],
    categories: () => structuredClone(truth.categoryList()),
    read: () => prepareResults(truth.objects(), readRows(columns) as ResultRecord[]),
  };
}

function objectParts(read: () => Dataset): Parts {
  const known = once(read);
  return { columns: null, images: () => known().images, categories: () => known().categories, read };
}

/** Results as columns; null where they must be read as objects. */
function columnsOf(truth: Annotated, results: ResultsInput): Columns | null {
  const source = openSync(results);
  if (source === null || truth.categoryList() === undefined) return null;
  const table = scanResults(source);
  if (table === 'unscannable') return null;
  return resultColumns(source, table, new Set(truth.imageIds()), (id) => unknownImage(id, truth));
}
