import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { mask as masks } from '#coco-ts';
import { valueAt } from '../engine/checked.js';
import { ConfigError } from '../engine/errors.js';
import { readRegular } from '../engine/files/read.js';
import { makeFolder, writeJson, writeWhole } from '../engine/files/write.js';
import { boxAt } from './boxAt.js';
import { encodeIndexedPng } from './decode/index.js';
import { isOverlapping, planeOf } from './overlap.js';
import type { ClassMap, ClassScores, Detections, Instances, LabelMap, Truth } from './sample.js';

/** An image with what a network answered. */
export interface AnsweredImage {
  /** Path of the image. */
  readonly file: string;
  /** Width of the upright image, pixels. */
  readonly width: number;
  readonly height: number;
  readonly result: unknown;
}

/** Writes answers as the annotations of a data set. */
export interface AnsweredSetWriter {
  /** @returns false: nothing sure enough was found, and the image is left out */
  add(image: AnsweredImage): boolean;
  /** Writes the annotations. @returns the keys of `data` that read the folder, and the number of its images */
  finish(): { readonly images: number; readonly data: { readonly [key: string]: unknown } };
}

export interface AnsweredSetOptions {
  /** Is made; it must be empty. */
  readonly folder: string;
  readonly labels: LabelMap;
  /** Lowest score of an object or class that is taken for true, 0..1. */
  readonly threshold: number;
}

/** One kind of truth as files. */
interface Annotations {
  /** Null: nothing sure enough. */
  readonly add: (image: AnsweredImage, name: string) => null | (() => void);
  readonly finish: () => { readonly [key: string]: unknown };
}

const REMEDY = 'choose another folder with --as-dataset';
/** Largest image file. */
const MAX_BYTES = 2 ** 30;
const COLORS = Array.from({ length: 256 }, (_, i): [number, number, number] => [(i * 67) % 256, (i * 131) % 256, i]);

/** The config that reads the data set of a folder: beside it. */
export const configOfSet = (folder: string): string => `${folder.replace(/[/\\]+$/, '')}.yaml`;

/** @throws ConfigError when a folder has no name or holds something, or a file is in the place of its config */
export function requireNewSet(folder: string): void {
  if (folder.trim() === '') throw new ConfigError(`--as-dataset ${JSON.stringify(folder)} names no folder: ${REMEDY}`);
  const isFolder = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isFolder && readdirSync(folder).length > 0) throw new ConfigError(`${folder} is not empty: ${REMEDY}`);
  const config = configOfSet(folder);
  if (lstatSync(config, { throwIfNoEntry: false })) throw new ConfigError(`${config} is there already: ${REMEDY}`);
}

/**
 * A data set whose truths are answers: the images are copied to `images`, as they are; boxes and masks of objects become COCO JSON, class
 * maps PNGs in `masks`, classes of images a CSV.
 *
 * @throws ConfigError as `requireNewSet`
 */
export function createAnsweredSet(truth: Truth['kind'], options: AnsweredSetOptions): AnsweredSetWriter {
  const { folder } = options;
  requireNewSet(folder);
  makeFolder(join(folder, 'images'), REMEDY);
  const annotations = WRITERS[truth](options);
  const taken = new Set<string>();
  return {
    add: (image) => {
      const name = freeName(basename(image.file), taken);
      const write = annotations.add(image, name);
      if (write === null) return false;
      taken.add(stemOf(name));
      const refuse = (problem: string) => new ConfigError(`${image.file}: ${problem}`);
      writeWhole(join(folder, 'images', name), [readRegular(image.file, { maxBytes: MAX_BYTES, refuse })], REMEDY);
      write();
      return true;
    },
    finish: () => ({ images: taken.size, data: { root: folder, ...annotations.finish() } }),
  };
}

const WRITERS: { readonly [Kind in Truth['kind']]: (options: AnsweredSetOptions) => Annotations } = {
  boxes: cocoAnnotations,
  instances: cocoAnnotations,
  classMap: maskFiles,
  labels: labelTable,
  panoptic: () => {
    throw new ConfigError('--as-dataset writes boxes, masks of objects, class maps and classes, no panoptic answers');
  },
};

function cocoAnnotations({ folder, labels, threshold }: AnsweredSetOptions): Annotations {
  const images: object[] = [];
  const annotations: object[] = [];
  return {
    add: ({ width, height, result }, name) => {
      const { boxes, labels: found, scores, masks: regions } = result as Detections & Partial<Instances>;
      const sure = [...scores.keys()].filter((i) => valueAt(scores, i) >= threshold);
      if (sure.length === 0) return null;
      return () => {
        const image_id = images.length + 1;
        images.push({ id: image_id, file_name: name, width, height });
        for (const i of sure) {
          const [x1, y1, x2, y2] = boxAt(boxes, i);
          const region = regions?.[i];
          const packed = region && { size: [...region.size] as [number, number], counts: region.counts };
          annotations.push({
            id: annotations.length + 1,
            image_id,
            category_id: labels.classes[valueAt(found, i)]?.id,
            bbox: [x1, y1, x2 - x1, y2 - y1],
            area: packed ? masks.area(packed) : (x2 - x1) * (y2 - y1),
            iscrowd: 0,
            score: scores[i],
            ...(packed && { segmentation: packed }),
          });
        }
      };
    },
    finish: () => {
      const categories = labels.classes.map(({ id, name }) => ({ id, name }));
      writeJson(join(folder, 'annotations.json'), { images, annotations, categories }, REMEDY);
      return { kind: 'coco', images: 'images', train: 'annotations.json' };
    },
  };
}

function maskFiles({ folder, labels }: AnsweredSetOptions): Annotations {
  makeFolder(join(folder, 'masks'), REMEDY);
  const overlaps = isOverlapping(labels);
  const words = labels.classes.map((_, label) => `class-${label}`);
  if (overlaps) for (const word of words) makeFolder(join(folder, 'masks', word), REMEDY);
  return {
    add: ({ result }, name) => {
      const { mask, width, height } = result as ClassMap;
      if (overlaps) {
        return () => {
          for (const [label, word] of words.entries()) {
            const png = encodeIndexedPng({ data: planeOf(mask, label), width, height }, COLORS);
            writeWhole(join(folder, 'masks', word, `${stemOf(name)}.png`), [png], REMEDY);
          }
        };
      }
      const png = encodeIndexedPng({ data: mask, width, height }, COLORS);
      return () => writeWhole(join(folder, 'masks', `${stemOf(name)}.png`), [png], REMEDY);
    },
    finish: () => {
      if (overlaps) {
        const masks = Object.fromEntries(
          labels.classes.map(({ name }, label) => [name, `masks/${words[label]}/*.png`]),
        );
        return { kind: 'masks', mode: 'multilabel', images: 'images/*', masks };
      }
      const values = Object.fromEntries(labels.classes.map(({ name }, value) => [String(value), name]));
      return { kind: 'masks', values, classes: labels.classes.map(({ name }) => name) };
    },
  };
}

const SEPARATOR = '|';

function labelTable({ folder, labels, threshold }: AnsweredSetOptions): Annotations {
  const rows: string[] = ['image,label'];
  const names = labels.classes.map(({ name }) => name);
  const odd = names.find((name) => name.includes(SEPARATOR));
  if (odd !== undefined) throw new ConfigError(`class '${odd}' has a ${SEPARATOR}, which stands between classes`);
  return {
    add: ({ result }, name) => {
      const { probabilities, isExclusive } = result as ClassScores;
      const sure = names.filter((_, i) => valueAt(probabilities, i) >= threshold);
      const best = probabilities.indexOf(Math.max(...probabilities));
      const told = isExclusive ? sure.filter((one) => one === names[best]) : sure;
      if (told.length === 0) return null;
      return () => rows.push(`${quoted(`images/${name}`)},${quoted(told.join(SEPARATOR))}`);
    },
    finish: () => {
      writeWhole(join(folder, 'labels.csv'), [new TextEncoder().encode(`${rows.join('\n')}\n`)], REMEDY);
      return { kind: 'csv', classes: names };
    },
  };
}

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const stemOf = (name: string): string => basename(name, extname(name));

/** A name that no other image has, whatever its ending: masks bear it, too. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  const [stem, ending] = [stemOf(name), extname(name)];
  for (let number = 1; ; number++) {
    const free = number === 1 ? stem : `${stem}-${number}`;
    if (!taken.has(free)) return free + ending;
  }
}
