import { CocoError } from './errors.js';

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
