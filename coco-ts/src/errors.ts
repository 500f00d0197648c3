/** The Python exception that pycocotools raises in the same place. */
export type PythonError = 'KeyError' | 'IndexError' | 'TypeError' | 'ValueError' | 'AssertionError' | 'Exception';

/** Every error of this package about its input. */
export class CocoError extends Error {
  override readonly name = 'CocoError';
  /** Name of the exception pycocotools raises here. */
  readonly pythonType: PythonError;

  constructor(message: string, pythonType: PythonError = 'Exception') {
    super(message);
    this.pythonType = pythonType;
  }
}

/** A malformed run-length encoding, polygon or bitmap. */
export class MaskError extends CocoError {}

/** Text that is not JSON, with the byte where it stops being so. */
export class JsonError extends CocoError {
  /** What is wrong, without the place. */
  readonly reason: string;
  readonly position: number;

  constructor(reason: string, position: number) {
    super(`${reason} at position ${position}`, 'ValueError');
    this.reason = reason;
    this.position = position;
  }
}
