import { existsSync, realpathSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { ImagePrediction } from '../configs/network.js';
import { encodeIndexedPng, encodeLabelPng, encodePng, shownImage } from '../datasets/decode/index.js';
import { patchOfRuns } from '../datasets/instanceMasks.js';
import type { ClassMap, Instances, RgbPixels } from '../datasets/sample.js';
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
  const path = freePath((suffix) => drawingOf(file, folder, suffix), taken);
  writeWhole(path, [encodePng(image)], remedy);
  return path;
}

/** A path that this run has not written: a name that comes again, as t2 of another patient, gets a number. */
export function freePath(pathOf: (suffix: string) => string, taken = written): string {
  let path = pathOf('');
  for (let number = 2; taken.has(path); number++) path = pathOf(`-${number}`);
  taken.add(path);
  return path;
}

/**
 * Checks that no answer replaces a file that is answered.
 *
 * @param pathsOf where the answers of a file may be written
 * @throws ConfigError naming the first one that would be lost
 */
export function refuseReplacing(
  files: readonly string[],
  pathsOf: (file: string) => readonly string[],
  option: '--out' | '--masks',
): void {
  const given = new Set(files.filter((file) => existsSync(file)).map((file) => realpathSync(file)));
  const lost = files.flatMap(pathsOf).find((path) => existsSync(path) && given.has(realpathSync(path)));
  if (lost !== undefined)
    throw new ConfigError(`the answer ${lost} would replace an image: choose another folder with ${option}`);
}

/**
 * Writes the class map of an image as a palette PNG of its own size, whose values are positions of classes; or the masks of its objects as a
 * label image, a PNG of 16 bits, whose values number the objects from 1, the best on top. A second image of the same name gets a number.
 *
 * @param threshold lowest score of an object
 * @throws ConfigError for an answer that is neither
 */
export function writeMask({ file, image, result }: ImagePrediction, folder: string, threshold = 0): void {
  const { mask, width, height, masks, scores } = result as Partial<ClassMap & Instances>;
  const remedy = 'choose another folder with --masks';
  const pathOf = (): string => freePath((suffix) => drawingOf(file, folder, suffix));
  if (masks !== undefined && scores !== undefined) {
    const shown = masks.filter((_, i) => scores[i]! >= threshold);
    makeFolder(folder, remedy);
    writeWhole(pathOf(), [encodeLabelPng(labelImage(shown, image))], remedy);
    return;
  }
  if (mask === undefined || width === undefined || height === undefined) {
    throw new ConfigError('--masks writes class maps or masks of objects, and this model gives none');
  }
  makeFolder(folder, remedy);
  const palette = Array.from({ length: 256 }, (_, i): Rgb => (i === 0 ? [0, 0, 0] : classColor(i)));
  writeWhole(pathOf(), [encodeIndexedPng({ data: mask, width, height }, palette)], remedy);
}

/** Objects by their number from 1, the first on top. */
function labelImage(masks: Instances['masks'], { width, height }: Pick<RgbPixels, 'width' | 'height'>) {
  const data = new Uint16Array(width * height);
  for (const [index, { size, counts }] of [...masks.entries()].reverse()) {
    const patch = patchOfRuns({ size: [...size], counts });
    patch?.data.forEach((value, at) => {
      const [x, y] = [patch.left + (at % patch.width), patch.top + Math.floor(at / patch.width)];
      if (value === 1) data[y * width + x] = index + 1;
    });
  }
  return { data, width, height };
}

/** Where the drawing of an image goes. */
export function drawingOf(file: string, folder: string, suffix = ''): string {
  return join(folder, `${basename(file, extname(file))}${suffix}.png`);
}

const written = new Set<string>();
