import type { Segmentation } from '../regions.js';
import type { LabelMap } from '../sample.js';
import type { BadRecord } from '../warnings.js';

/** One object as its annotation states it, in the convention of this library. */
export interface StatedObject {
  /** Name of its class. */
  readonly name: string;
  /** x1 y1 x2 y2, in the image's unit; x2 and y2 exclusive; null: that of the segmentation. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number] | null;
  /** Polygons in the image's unit, or run lengths; null: the annotation has a box alone. */
  readonly segmentation: Segmentation | null;
  /** A crowd region or a `difficult` object, which is neither learned nor counted. */
  readonly ignored: boolean;
  /** Square pixels; null: that of the box. */
  readonly area: number | null;
  /** What its pixels in the image's label image say. */
  readonly segment?: number;
}

/** One image as its annotation states it: what every format of boxes and polygons comes down to. */
export interface StatedImage {
  /** Path or name as the annotation writes it; a name without ending fits any image of that name. */
  readonly name: string;
  /** Annotation file, absolute. */
  readonly source: string;
  /** Folder in which the image is looked for first, absolute; null: that of all images. */
  readonly folder: string | null;
  /** Pixels; null where the annotation states none. */
  readonly size: { readonly width: number; readonly height: number } | null;
  /** What coordinates are measured in: pixels, or fractions of the image's sides. */
  readonly unit: 'pixels' | 'fractions';
  readonly objects: readonly StatedObject[];
  /** The label image that holds the pixels of the objects, absolute. */
  readonly picture?: string;
}

/** The images of one or several annotation files. */
export interface StatedSet {
  readonly images: readonly StatedImage[];
  /** Classes that the format lists, in its order; null: the names that objects have. */
  readonly classes: LabelMap['classes'] | null;
  /** True: the format states areas of objects, and one that lacks is told. */
  readonly hasAreas?: true;
  /** Records that cannot be read, and why. */
  readonly bad?: ReadonlyMap<string, BadRecord>;
  /** What errors about the whole are named by: a file or folder. */
  readonly file: string;
}
