import { CocoError, parseVoc, type VocObject as Written } from '#coco-ts';
import { DataError } from '../engine/errors.js';

/** One object as written: 1-based pixels, both corners inclusive. */
export interface VocObject extends Omit<Written, 'name' | 'polygon'> {
  readonly name: string;
}

export interface VocAnnotation {
  /** null where the file states none (or 0). */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly objects: readonly VocObject[];
}

const CORNERS = ['xmin', 'ymin', 'xmax', 'ymax'] as const;

/**
 * Reads a PASCAL VOC annotation.
 *
 * @throws DataError naming the file: no XML, no annotation, a coordinate missing or no number
 */
export function parseVocXml(xml: Uint8Array, file: string): VocAnnotation {
  const { width, height, objects } = parsed(xml, file);
  return {
    size: width > 0 && height > 0 ? { width, height } : null,
    objects: objects.map((object, index) => {
      if (object.name === null) throw new DataError(file, `object ${index} has no name`);
      const wrong = CORNERS.find((corner) => !Number.isFinite(object[corner]));
      if (wrong === undefined) return { ...object, name: object.name };
      throw new DataError(file, `object ${index} ('${object.name}') has no number for ${wrong}`);
    }),
  };
}

function parsed(xml: Uint8Array, file: string) {
  try {
    return parseVoc(xml, 'annotation');
  } catch (error) {
    if (error instanceof CocoError) throw new DataError(file, error.message.replace(/^annotation: /, ''));
    throw error;
  }
}
