import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom, hashName } from '../../engine/random.js';
import { encodeStablePng } from '../decode/encodePng.js';
import { coloursOfIds } from '../panoptic.js';
import { drawRegions } from '../regions.js';
import { drawFolder, type SampleOptions, type SampleSummary } from './folder.js';
import { GROUND, paintScene, TISSUE } from './paint.js';
import { createScene, HEIGHT, KINDS, type Scene, WIDTH } from './scene.js';
import { CATEGORY_IDS } from './truth.js';

/** Raised when the pictures or the truth change. */
const VERSION = 1;
/** What is not counted, with its category. */
const STUFF = [
  { name: 'medium', id: 20 },
  { name: 'tissue', id: 21 },
] as const;
const CATEGORIES = [
  ...KINDS.map(({ name }, i) => ({ id: CATEGORY_IDS[i] as number, name, isthing: 1 })),
  ...STUFF.map(({ name, id }) => ({ id, name, isthing: 0 })),
];

/**
 * Draws a panoptic data set: the cells of `drawCells`, 320x240, each of them an object, in a medium and on a strip of tissue, which are
 * regions. The same seed gives the same bytes. The folder appears whole or not at all:
 *
 *     images/0000.png ...
 *     annotations/panoptic_train.json, panoptic_val.json     COCO panoptic: segments of each image, categories that say isthing
 *     annotations/panoptic_train/0000.png ...                label images: red + 256 green + 65536 blue is a segment
 *     sample.json                                            what was asked for
 *
 * @throws ConfigError for other numbers, or when the folder holds something else; EspalierError when it cannot be written
 */
export async function drawPanoptic(options: SampleOptions): Promise<SampleSummary> {
  const { images, seed } = options;
  const val = Math.max(1, Math.round(images / 5));
  const train = images - val;
  const made = await drawFolder({ name: 'panoptic', version: VERSION }, options, async (partial) => {
    await drawSplit(partial, 'train', seed, 0, train);
    await drawSplit(partial, 'val', seed, train, images);
  });
  return { ...made, train, val, classes: CATEGORIES.map(({ name }) => name) };
}

async function drawSplit(root: string, split: string, seed: number, from: number, to: number): Promise<void> {
  const labels = join(root, 'annotations', `panoptic_${split}`);
  for (const folder of [join(root, 'images'), labels]) await mkdir(folder, { recursive: true });
  const images: object[] = [];
  const annotations: object[] = [];
  for (let index = from; index < to; index++) {
    const scene = createScene(seed, index, false);
    const isTissue = createStrip(seed, index);
    const name = `${String(index).padStart(4, '0')}.png`;
    const ids = segmentIds(scene, isTissue);
    const ground = (x: number, y: number) => (isTissue(x, y) ? TISSUE : GROUND);
    await writeFile(join(root, 'images', name), encodeStablePng(paintScene(scene, ground)));
    await writeFile(join(labels, name), encodeStablePng(coloursOfIds(ids, { width: WIDTH, height: HEIGHT })));
    images.push({ id: index + 1, file_name: name, width: WIDTH, height: HEIGHT });
    annotations.push({ image_id: index + 1, file_name: name, segments_info: segmentsOf(ids, scene) });
  }
  const info = { description: 'Drawn cells in medium and tissue', version: String(VERSION) };
  const file = join(root, 'annotations', `panoptic_${split}.json`);
  await writeFile(file, JSON.stringify({ info, images, annotations, categories: CATEGORIES }));
}

/** A strip with two waving sides, in any direction; whether a pixel lies on it. */
function createStrip(seed: number, index: number): (x: number, y: number) => boolean {
  const random = createRandom([seed, hashName('tissue'), index]);
  const angle = random.uniform(0, Math.PI);
  const [dx, dy] = [Math.cos(angle), Math.sin(angle)];
  const [middle, half] = [random.uniform(-50, 50), random.uniform(35, 70)];
  const side = () => ({ height: random.uniform(4, 12), length: random.uniform(25, 60), phase: random.uniform(0, 6) });
  const [near, far] = [side(), side()];
  const wave = ({ height, length, phase }: typeof near, along: number) => height * Math.sin(along / length + phase);
  return (x, y) => {
    const [u, v] = [x - WIDTH / 2, y - HEIGHT / 2];
    const [along, across] = [u * dx + v * dy, v * dx - u * dy - middle];
    return across > -half + wave(near, along) && across < half + wave(far, along);
  };
}

/** Row by row: 1 medium, 2 tissue, cells from 3. */
function segmentIds({ cells }: Scene, isTissue: (x: number, y: number) => boolean): Int32Array {
  const regions = cells.map(({ polygons }, i) => ({ label: i + 1, segmentation: polygons }));
  const drawn = drawRegions({ kind: 'regions', uncovered: 0, regions }, WIDTH, HEIGHT, 'sample');
  return Int32Array.from(drawn, (cell, at) => {
    if (cell > 0) return STUFF.length + cell;
    return isTissue(at % WIDTH, Math.floor(at / WIDTH)) ? 2 : 1;
  });
}

/** The segments that have pixels. */
function segmentsOf(ids: Int32Array, { cells }: Scene): object[] {
  const categories = [...STUFF.map(({ id }) => id), ...cells.map(({ kind }) => CATEGORY_IDS[kind] as number)];
  const extents = categories.map(() => ({ area: 0, left: WIDTH, top: HEIGHT, right: 0, bottom: 0 }));
  ids.forEach((id, at) => {
    const extent = extents[id - 1];
    if (extent === undefined) return;
    const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
    extent.area++;
    extent.left = Math.min(extent.left, x);
    extent.top = Math.min(extent.top, y);
    extent.right = Math.max(extent.right, x + 1);
    extent.bottom = y + 1;
  });
  return extents.flatMap(({ area, left, top, right, bottom }, i) => {
    if (area === 0) return [];
    const bbox = [left, top, right - left, bottom - top];
    return [{ id: i + 1, category_id: categories[i], area, bbox, iscrowd: 0 }];
  });
}
