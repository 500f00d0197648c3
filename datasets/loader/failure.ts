import { ConfigError, DataError, EngineError, EspalierError, ShapeError, WeightsError } from '../../engine/errors.js';
import { shownName } from '../../engine/printable.js';

/** An error as plain data, so that it crosses threads with its class. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string | null;
  /** File of a DataError. */
  readonly file: string | null;
}

const CLASSES = { ConfigError, EngineError, EspalierError, ShapeError, WeightsError, RangeError, TypeError } as const;

export function toFailure(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error), stack: null, file: null };
  const file = error instanceof DataError ? error.file : null;
  return { name: error.name, message: error.message, stack: error.stack ?? null, file };
}

/** The same message and class; an unknown class becomes an Error of that name. */
export function fromFailure(failure: Failure): Error {
  const error = rebuild(failure);
  if (failure.stack !== null) error.stack = failure.stack;
  return error;
}

function rebuild({ name, message, file }: Failure): Error {
  if (file !== null) return new DataError(file, message.slice(`${shownName(file)}: `.length));
  if (Object.hasOwn(CLASSES, name)) return new CLASSES[name as keyof typeof CLASSES](message);
  return Object.assign(new Error(message), { name });
}
