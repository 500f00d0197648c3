import { basename, extname, join } from 'node:path';
import type { ImagePrediction } from '../configs/network.js';
import { encodeIndexedPng, encodeLabelPng, encodePng, shownImage } from '../datasets/decode/index.js';
import { planeOf } from '../datasets/overlap.js';
import { patchOfMask } from '../datasets/packedMasks.js';
import type { ClassMap, Instances, RgbPixels } from '../datasets/sample.js';
import { eachPixel } from '../datasets/transforms/patches.js';
import { valueAt } from '../engine/checked.js';
import { ConfigError } from '../engine/errors.js';
import { makeFolder, writeWhole } from '../engine/files/write.js';
import { shownName } from '../engine/printable.js';
import type { DescribeOptions, Task } from '../heads/index.js';
import { drawOverlay } from './draw/draw.js';
import { classColor, type Rgb } from './draw/palette.js';
import { fitDrawing } from './draw/shrink.js';

/** A prediction for machines, for people and for the eye. */
export interface ShownPrediction {
  readonly value: { readonly [key: string]: unknown };
  readonly text: string;
  readonly drawn: RgbPixels;
}

/** @param options class names, and the lowest score of what is reported */
export function showPrediction(
  { file, image, result }: ImagePrediction,
  { describe }: Task,
  options: DescribeOptions,
): ShownPrediction {
  const { value, rows, overlay } = describe(result, options);
  const lines = rows.map(({ figure, label, rest }) => `  ${figure}  ${shownName(label)}${rest ? `  ${rest}` : ''}`);
  const fitted = fitDrawing(shownImage(image), overlay);
  return {
    value: { image: file, ...value },
    text: [shownName(file), ...(lines.length === 0 ? ['  nothing'] : lines)].join('\n'),
    drawn: drawOverlay(fitted.image, fitted.overlay, options.names),
  };
}

/**
 * Writes `<image>.png` into the folder, whole or not at all; a second image of the same name gets a number.
 *
 * @throws WriteError when the disk is full or the folder cannot be written
 */
export function writeDrawing(image: RgbPixels, file: string, folder: string, taken = written): string {
  const remedy = 'choose another folder with --out';
  makeFolder(folder, remedy);
  const path = freePlace(file, folder, taken);
  writeWhole(path, [encodePng(image)], remedy);
  return path;
}

/**
 * Writes the class map of an image as a palette PNG of its own size, whose values are positions of classes; or the masks of its objects as a
 * label image, a PNG of 16 bits, whose values number the objects from 1, the best on top. Of classes that may overlap each gets a file,
 * `<image>_<class>.png`, 1 where it is. A second image of the same name gets a number.
 *
 * @param names     of the classes
 * @param threshold lowest score of an object
 * @throws ConfigError for an answer that is neither
 */
export function writeMask(
  { file, image, result }: ImagePrediction,
  folder: string,
  names: readonly string[],
  threshold = 0,
): void {
  const { mask, width, height, masks, scores, overlaps } = result as Partial<ClassMap & Instances>;
  const remedy = 'choose another folder with --masks';
  if (masks !== undefined && scores !== undefined) {
    const shown = masks.filter((_, i) => valueAt(scores, i) >= threshold);
    makeFolder(folder, remedy);
    writeWhole(freePlace(file, folder), [encodeLabelPng(labelImage(shown, image))], remedy);
    return;
  }
  if (mask === undefined || width === undefined || height === undefined) {
    throw new ConfigError('--masks writes class maps or masks of objects, and this model gives none');
  }
  makeFolder(folder, remedy);
  const palette = Array.from({ length: 256 }, (_, i): Rgb => (i === 0 ? [0, 0, 0] : classColor(i)));
  if (!overlaps) {
    writeWhole(freePlace(file, folder), [encodeIndexedPng({ data: mask, width, height }, palette)], remedy);
    return;
  }
  for (const [label, name] of names.entries()) {
    const data = planeOf(mask, label);
    const path = freePath((suffix) => drawingOf(file, folder, `${suffix}_${fileWord(name)}`));
    writeWhole(path, [encodeIndexedPng({ data, width, height }, [[0, 0, 0], ...palette.slice(label + 1)])], remedy);
  }
}

/** Objects by their number from 1, the first on top. */
function labelImage(masks: Instances['masks'], { width, height }: Pick<RgbPixels, 'width' | 'height'>) {
  const data = new Uint16Array(width * height);
  for (const [index, mask] of [...masks.entries()].reverse()) {
    const patch = patchOfMask(mask);
    if (patch === null) continue;
    eachPixel(patch, { width, height }, (at) => {
      data[at] = index + 1;
    });
  }
  return { data, width, height };
}

/** A class's name in that of a file. */
export const fileWord = (name: string): string =>
  name.replace(/[^\p{L}\p{N}.-]+/gu, '-').replace(/^[-.]+/, '') || 'class';

/** Where a picture that belongs to an image goes: `<image>.png`; a second image of the same name gets a number. */
export const freePlace = (file: string, folder: string, taken = written): string =>
  freePath((suffix) => drawingOf(file, folder, suffix), taken);

/** A path that this run has not written: a name that comes again, as t2 of another patient, gets a number. */
export function freePath(pathOf: (suffix: string) => string, taken = written): string {
  let path = pathOf('');
  for (let number = 2; taken.has(path); number++) path = pathOf(`-${number}`);
  taken.add(path);
  return path;
}

/** Where the drawing of an image goes. */
export function drawingOf(file: string, folder: string, suffix = ''): string {
  return join(folder, `${basename(file, extname(file))}${suffix}.png`);
}

const written = new Set<string>();
