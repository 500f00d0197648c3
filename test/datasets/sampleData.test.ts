import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Dataset, type DetectionTruth, drawCells, IGNORED } from '../../datasets/index.js';
import { runDatasetCases } from '../conformance/dataset.js';
import { failure } from './folder.js';
import { openCoco, openVoc } from './open.js';

const IMAGES = 15;
const folder = mkdtempSync(join(tmpdir(), 'cells-'));
const root = join(folder, 'a');
const CLASSES = ['speck', 'disc', 'lobed'];

const digest = (path: string): string => {
  const hash = createHash('sha256');
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const file of files.map((entry) => join(entry.parentPath, entry.name)).sort()) {
    hash.update(file.slice(path.length)).update(readFileSync(file));
  }
  return hash.digest('hex');
};
const coco = (split: string) =>
  openCoco({ root, annotations: `annotations/${split}.json`, images: 'images', task: 'detection' });
const voc = (split: string) => openVoc({ root: join(root, 'VOC'), split, task: 'detection', classes: CLASSES });
const cocoMasks = () =>
  openCoco({ root, annotations: 'annotations/train.json', images: 'images', task: 'segmentation' });
const vocMasks = () => openVoc({ root: join(root, 'VOC'), split: 'train', task: 'segmentation' });
const truths = (data: Dataset): DetectionTruth[] => data.entries.map(({ truth }) => truth as DetectionTruth);

beforeAll(async () => {
  await drawCells({ out: root, images: IMAGES, seed: 3 });
});

describe('drawCells', () => {
  it('gives the same bytes for the same seed and others for another', async () => {
    const again = await drawCells({ out: join(folder, 'deep/er/b'), images: IMAGES, seed: 3 });
    await drawCells({ out: join(folder, 'c'), images: IMAGES, seed: 4 });
    expect(digest(again.root)).toBe(digest(root));
    expect(digest(join(folder, 'c'))).not.toBe(digest(root));
  });

  it('draws the first images alike however many follow', async () => {
    await drawCells({ out: join(folder, 'd'), images: 7, seed: 3 });
    const bytes = (at: string) => readFileSync(join(at, 'images/0003.png'));
    expect(bytes(join(folder, 'd')).equals(bytes(root))).toBe(true);
  });

  it('has a fifth to validate, empty images, and one crowd in each split', async () => {
    const [train, val] = [await coco('train'), await coco('val')];
    expect([train.size, val.size]).toEqual([12, 3]);
    expect(train.labels).toEqual({
      classes: [
        { id: 2, name: 'speck' },
        { id: 5, name: 'disc' },
        { id: 9, name: 'lobed' },
      ],
    });
    expect(truths(train).filter(({ labels }) => labels.length === 0)).toHaveLength(1);
    for (const data of [train, val]) {
      expect(truths(data).reduce((sum, { ignored }) => sum + ignored.reduce((a, b) => a + b, 0), 0)).toBe(1);
      expect(data.warnings).toEqual([]);
    }
  });

  it('has three kinds of very different size, some cut by the border, some touching', async () => {
    const sizes: number[][] = [[], [], []];
    let cut = 0;
    for (const { boxes, labels, ignored } of truths(await coco('train'))) {
      for (const [m, label] of labels.entries()) {
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(4 * m, 4 * m + 4);
        const whole = x1 > 0 && y1 > 0 && x2 < 320 && y2 < 240;
        if (!whole) cut++;
        else if (ignored[m] === 0) sizes[label]?.push(Math.sqrt((x2 - x1) * (y2 - y1)));
      }
    }
    const means = sizes.map((list) => list.reduce((sum, size) => sum + size, 0) / list.length);
    expect(sizes.every((list) => list.length > 3)).toBe(true);
    expect(means.map(Math.round)).toEqual([expect.closeTo(16, -0.5), expect.closeTo(36, -0.5), expect.closeTo(86, -1)]);
    expect(cut).toBeGreaterThan(3);
  });

  it('says the same in COCO and in VOC, to the pixel that VOC rounds to', async () => {
    for (const split of ['train', 'val']) {
      const [a, b] = [truths(await coco(split)), truths(await voc(split))];
      for (const [i, truth] of a.entries()) {
        expect(b[i]?.labels).toEqual(truth.labels);
        expect(b[i]?.ignored).toEqual(truth.ignored);
        for (const [k, value] of truth.boxes.entries()) {
          expect(Math.abs(value - (b[i]?.boxes[k] as number))).toBeLessThanOrEqual(1.01);
        }
      }
    }
  });

  it('has masks equal to the drawn polygons but for the seams between touching cells', async () => {
    const [regions, files] = [await cocoMasks(), await vocMasks()];
    expect(files.labels.classes.map(({ name }) => name)).toEqual(['background', ...CLASSES]);
    let seams = 0;
    for (let i = 0; i < files.size; i++) {
      const [a, b] = [(await regions.get(i)).truth.mask, (await files.get(i)).truth.mask];
      seams += b.filter((index) => index === IGNORED).length;
      expect(b.every((index, at) => index === IGNORED || index === a[at])).toBe(true);
    }
    expect(seams).toBeGreaterThan(10);
  });

  it('shows cells where the truth says: their pixels are darker than the background', async () => {
    for await (const { image, truth } of await vocMasks()) {
      const sums = [0, 0, 0, 0];
      const counts = [0, 0, 0, 0];
      for (const [at, index] of truth.mask.entries()) {
        if (index === IGNORED) continue;
        sums[index] = (sums[index] as number) + (image.data[at * 3 + 1] as number);
        counts[index] = (counts[index] as number) + 1;
      }
      const mean = sums.map((sum, i) => sum / (counts[i] as number));
      for (const kind of [1, 2, 3]) if (counts[kind]) expect(mean[kind]).toBeLessThan((mean[0] as number) - 30);
    }
  });

  it('leaves a folder alone that holds this sample, and refuses one that holds anything else', async () => {
    const before = digest(root);
    expect(await drawCells({ out: root, images: IMAGES, seed: 3 })).toMatchObject({ drawn: false, train: 12, val: 3 });
    expect(digest(root)).toBe(before);
    expect(await failure(drawCells({ out: root, images: IMAGES, seed: 5 }))).toMatch(/holds another sample/);
    expect(await failure(drawCells({ out: join(root, 'images'), images: 3, seed: 5 }))).toMatch(/holds other files/);
  });

  it('refuses numbers that are none and places that cannot be written, and leaves nothing behind', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'x');
    expect(await failure(drawCells({ out: join(folder, 'e'), images: 1, seed: 1 }))).toMatch(/from 2 to 100000/);
    expect(await failure(drawCells({ out: join(folder, 'e'), images: 5, seed: -1 }))).toMatch(/seed is -1/);
    expect(await failure(drawCells({ out: join(file, 'e'), images: 5, seed: 1 }))).toMatch(
      /cannot be used as a folder/,
    );
    expect(await failure(drawCells({ out: join(folder, 'e'.repeat(240)), images: 5, seed: 1 }))).toMatch(
      /cannot write .*: the path is too long/,
    );
    expect(readdirSync(folder).filter((name) => name === 'e' || name.startsWith('.'))).toEqual([]);
  });

  runDatasetCases({ name: 'drawn boxes', create: () => coco('train') });
  runDatasetCases({ name: 'drawn VOC boxes', create: () => voc('val') });
  runDatasetCases({ name: 'drawn regions', create: cocoMasks });
  runDatasetCases({ name: 'drawn masks', create: vocMasks });
});
