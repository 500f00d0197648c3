import { CocoError, parseVoc, type VocObject } from '#coco-ts';
import { DataError } from '../../engine/errors.js';

export type { VocObject };

export interface VocAnnotation {
  /** Null: the file names no image. */
  readonly filename: string | null;
  /** null where the file states none (or 0). */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** NaN where a coordinate is missing or no number. */
  readonly objects: readonly VocObject[];
}

/**
 * Reads a PASCAL VOC annotation.
 *
 * @throws DataError naming the file: no XML, or no annotation
 */
export function parseVocXml(xml: string, file: string): VocAnnotation {
  return named(file, () => {
    const { width, height, filename, objects } = parseVoc(xml, 'annotation');
    return { filename, size: width > 0 && height > 0 ? { width, height } : null, objects };
  });
}

/** What coco-ts refuses, as an error of the file. */
export function named<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof CocoError) throw new DataError(file, error.message.replace(/^annotation: /, ''));
    throw error;
  }
}
