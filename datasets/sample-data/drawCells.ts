import { copyFile, link, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeIndexedPng, encodeStablePng } from '../decode/encodePng.js';
import { drawFolder, type SampleOptions, type SampleSummary } from './folder.js';
import { paintScene } from './paint.js';
import { createScene, HEIGHT, KINDS, WIDTH } from './scene.js';
import { CATEGORY_IDS, classMapOf, cocoAnnotations, vocAnnotation } from './truth.js';

/** Raised when the pictures or the truth change. */
const VERSION = 1;
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
export async function drawCells(options: SampleOptions): Promise<SampleSummary> {
  const { images, seed } = options;
  const val = Math.max(1, Math.round(images / 5));
  const train = images - val;
  const made = await drawFolder({ name: 'cells', version: VERSION }, options, (partial) =>
    drawInto(partial, { images, seed, train }),
  );
  return { ...made, train, val, classes: KINDS.map(({ name }) => name) };
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
