import { CocoError } from './errors.js';
import { shown } from './shown.js';

/** How a data set is read. */
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

/** @throws CocoError when there is a data set and it is no object */
export function requireObject(dataset: unknown): void {
  if (dataset === undefined || dataset === null || (typeof dataset === 'object' && !Array.isArray(dataset))) return;
  const type = Array.isArray(dataset) ? 'a list: are these results (loadRes, --dt)?' : `of type ${typeof dataset}`;
  throw new CocoError(
    `a COCO file is an object with images, annotations and categories; this is ${type}`,
    'AssertionError',
  );
}

/** Keys whose values are compared and counted with: an object there has no number, and may refuse to be made one. */
const PLAIN = ['id', 'image_id', 'category_id', 'area', 'iscrowd', 'num_keypoints', 'score'] as const;

/** A list of a file as it is, or undefined where there is none. @throws CocoError when it is no list of records */
export function requireRecords<T>(list: T, name: string): T {
  if (list === undefined || list === null) return list;
  if (!Array.isArray(list)) throw new CocoError(`${name} is ${kindOf(list)}: a list of objects is needed`, 'TypeError');
  for (let i = 0; i < list.length; i++) {
    const record: unknown = list[i];
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw new CocoError(`${name}[${i}] is ${kindOf(record)}: an object is needed`, 'TypeError');
    for (const key of PLAIN) {
      const value = (record as Record<string, unknown>)[key];
      if (typeof value === 'object' && value !== null)
        throw new CocoError(`${name}[${i}]: ${key} is ${kindOf(value)}: a number is needed`, 'TypeError');
    }
  }
  return list;
}

const kindOf = (value: unknown): string =>
  typeof value === 'object' ? shown(value) : `the ${typeof value} ${shown(value)}`;
