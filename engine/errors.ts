import { printable, shownName } from './printable.js';

/**
 * Errors a user can act on. The command line prints their message alone; anything else is a defect and keeps its stack.
 * A message names what was found, what was expected and the remedy; names of files in it are safe to print.
 */
export class EspalierError extends Error {
  /** Process exit status: 1 the work failed, 2 wrong use (bad config, bad argument). */
  readonly exitCode: 1 | 2 = 1;
  override readonly name: string = 'EspalierError';
  constructor(message: string, options?: ErrorOptions) {
    super(printable(message), options);
  }
}

/** Two shapes, channel counts or level sets that do not fit each other. */
export class ShapeError extends EspalierError {
  override readonly name = 'ShapeError';
}

/** A config file or command-line argument that cannot be used. */
export class ConfigError extends EspalierError {
  override readonly exitCode = 2;
  override readonly name = 'ConfigError';
}

/** An annotation file, image or mask that cannot be read or contradicts itself. */
export class DataError extends EspalierError {
  override readonly name = 'DataError';
  constructor(
    /** The file at fault. */
    readonly file: string,
    /** What is wrong with it, without its name. */
    readonly problem: string,
    /** Number of the pitfall of data sets that it is an instance of, where it has one. */
    readonly pitfall?: number,
  ) {
    super(`${shownName(file)}: ${problem}`);
  }
}

/** A weight file or checkpoint that is damaged, hostile, or belongs to another model. */
export class WeightsError extends EspalierError {
  override readonly name = 'WeightsError';
}

/** An engine, library or device that was asked for and is not there. */
export class EngineError extends EspalierError {
  override readonly name = 'EngineError';
}

/** A training whose loss or gradients are no numbers any more. */
export class DivergedError extends EspalierError {
  override readonly name = 'DivergedError';
}

/** Another process of the cluster that does not answer any more. */
export class PeerError extends EspalierError {
  override readonly name = 'PeerError';
}

/** A file or folder that cannot be written: a full or read-only disk, no permission, something in the way. */
export class WriteError extends EspalierError {
  override readonly name = 'WriteError';
  constructor(
    /** The file or folder at fault. */
    readonly file: string,
    readonly problem: string,
    /** True: the place is right, and there is no room in it. */
    readonly isFull: boolean,
  ) {
    super(`cannot write ${file}: ${problem}`);
  }
}

/** What was thrown, in its own words. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What Node calls the failure, such as `ENOENT`. Defaults to undefined, where nothing is said. */
export function codeOf(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : undefined;
}
