import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError, EspalierError } from '../../engine/errors.js';
import { writeError } from '../../engine/files/write.js';
import { encodeIndexedPng, encodeStablePng } from '../decode/encodePng.js';
import { readTextFile } from '../decode/header.js';
import { paintScene } from './paint.js';
import { createScene, HEIGHT, KINDS, WIDTH } from './scene.js';
import { CATEGORY_IDS, classMapOf, cocoAnnotations, vocAnnotation } from './truth.js';

export interface SampleOptions {
  /** Folder to create; its parent need not exist. */
  readonly out: string;
  /** Images in all, 2 to 100000; the last fifth of them validates. */
  readonly images: number;
  readonly seed: number;
}

export interface SampleSummary {
  readonly root: string;
  readonly train: number;
  readonly val: number;
  readonly classes: readonly string[];
  /** False: the folder held the same sample already and was left alone. */
  readonly drawn: boolean;
}

/** Raised when the pictures or the truth change. */
const VERSION = 1;
const MARKER = 'sample.json';
const PALETTE = palette();

/**
 * Draws a data set of micrograph-like images, 320x240, with three kinds of cells: specks (about 16 pixels), discs (36)
 * and lobed ones (86); some touch, some are cut by the border, some images are empty. The same seed gives the same
 * bytes. The folder appears whole or not at all:
 *
 *     images/0000.png ...
 *     annotations/train.json, val.json       COCO: boxes, polygons, one crowd region (RLE) in each
 *     VOC/JPEGImages/0000.png ...            the same images (hard links where the disk has them)
 *     VOC/Annotations/0000.xml ...           boxes; the crowd is difficult
 *     VOC/SegmentationClass/0000.png ...     palette PNG: 0 background, 1 speck, 2 disc, 3 lobed, 255 where cells touch
 *     VOC/ImageSets/{Main,Segmentation}/{train,val,trainval}.txt
 *     VOC/labelmap.txt                       names of the mask values
 *     sample.json                            what was asked for
 *
 * @throws ConfigError for other numbers, or when the folder holds something else; EspalierError when it cannot be written
 */
export async function drawCells({ out, images, seed }: SampleOptions): Promise<SampleSummary> {
  if (!Number.isInteger(images) || images < 2 || images > 100_000) {
    throw new ConfigError(`images is ${images}: a whole number from 2 to 100000 is expected`);
  }
  if (!Number.isInteger(seed) || seed < 0) throw new ConfigError(`seed is ${seed}: a whole number from 0 is expected`);
  const root = resolve(out);
  const val = Math.max(1, Math.round(images / 5));
  const summary = { root, train: images - val, val, classes: KINDS.map(({ name }) => name) };
  const marker = `${JSON.stringify({ sample: 'cells', version: VERSION, images, seed }, null, 2)}\n`;
  if (await holds(root, marker)) return { ...summary, drawn: false };
  const partial = join(dirname(root), `.${basename(root)}.${randomUUID()}`);
  try {
    await drawInto(partial, { images, seed, train: summary.train });
    await writeFile(join(partial, MARKER), marker);
    await rename(partial, root);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(root, error, 'choose another folder with --out');
  }
  return { ...summary, drawn: true };
}

async function holds(root: string, marker: string): Promise<boolean> {
  const names = await readdir(root).catch((error: { code?: string }) => {
    if (error.code === 'ENOENT') return [];
    throw new EspalierError(`${root}: cannot be used as a folder (${error.code})`);
  });
  if (names.length === 0) return false;
  const found = await readTextFile(join(root, MARKER)).catch(() => null);
  if (found === marker) return true;
  throw new ConfigError(
    `${root}: holds ${found === null ? 'other files' : 'another sample'}: choose a new folder, or remove it`,
  );
}

async function drawInto(
  root: string,
  { images, seed, train }: { images: number; seed: number; train: number },
): Promise<void> {
  for (const folder of ['images', 'annotations', ...VOC_FOLDERS.map((name) => `VOC/${name}`)]) {
    await mkdir(join(root, folder), { recursive: true });
  }
  const splits = { train: newSplit(), val: newSplit() };
  for (let index = 0; index < images; index++) {
    const split = index < train ? splits.train : splits.val;
    const scene = createScene(seed, index, index === 0 || index === train);
    const name = String(index).padStart(4, '0');
    split.images.push({ id: index + 1, file_name: `${name}.png`, width: WIDTH, height: HEIGHT });
    split.annotations.push(...cocoAnnotations(scene, index + 1, split.annotations.length + 1));
    split.names.push(name);
    await writeFile(join(root, `images/${name}.png`), encodeStablePng(paintScene(scene)));
    await linkOrCopy(join(root, `images/${name}.png`), join(root, `VOC/JPEGImages/${name}.png`));
    await writeFile(join(root, `VOC/Annotations/${name}.xml`), vocAnnotation(scene, `${name}.png`));
    const classMap = { data: classMapOf(scene), width: WIDTH, height: HEIGHT };
    await writeFile(join(root, `VOC/SegmentationClass/${name}.png`), encodeIndexedPng(classMap, PALETTE));
  }
  await writeLists(root, splits);
}

const VOC_FOLDERS = ['JPEGImages', 'Annotations', 'SegmentationClass', 'ImageSets/Main', 'ImageSets/Segmentation'];

interface Split {
  readonly images: object[];
  readonly annotations: object[];
  readonly names: string[];
}

function newSplit(): Split {
  return { images: [], annotations: [], names: [] };
}

async function writeLists(root: string, splits: { train: Split; val: Split }): Promise<void> {
  const categories = KINDS.map(({ name }, i) => ({ id: CATEGORY_IDS[i], name, supercategory: 'cell' }));
  const info = { description: 'Drawn cells', version: String(VERSION) };
  for (const [name, { images, annotations }] of Object.entries(splits)) {
    await writeFile(join(root, `annotations/${name}.json`), JSON.stringify({ info, images, annotations, categories }));
  }
  const lists = {
    train: splits.train.names,
    val: splits.val.names,
    trainval: [...splits.train.names, ...splits.val.names],
  };
  for (const [name, names] of Object.entries(lists)) {
    for (const kind of ['Main', 'Segmentation']) {
      await writeFile(join(root, `VOC/ImageSets/${kind}/${name}.txt`), `${names.join('\n')}\n`);
    }
  }
  const rows = ['background', ...KINDS.map(({ name }) => name)].map((name, i) => `${name}:${PALETTE[i]?.join()}::`);
  await writeFile(join(root, 'VOC/labelmap.txt'), `${rows.join('\n')}\n`);
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}

/** PASCAL VOC's colours: the bits of the index, dealt to the channels. */
function palette(): readonly (readonly [number, number, number])[] {
  const channel = (index: number, offset: number): number => {
    let value = 0;
    for (let bit = 0; bit < 3; bit++) value |= ((index >> (3 * bit + offset)) & 1) << (7 - bit);
    return value;
  };
  return Array.from({ length: 256 }, (_, i) => [channel(i, 0), channel(i, 1), channel(i, 2)] as const);
}
