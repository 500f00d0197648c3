import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../datasets/decode/encodePng.js';
import { createPanopticEvaluator } from '../../datasets/evaluators/index.js';
import { openData } from '../../datasets/formats/index.js';
import { coloursOfIds } from '../../datasets/panoptic.js';
import { IGNORED } from '../../datasets/sample.js';
import { roundTripPanoptic } from '../../training/roundTripPanoptic.js';
import { dataMissing, dataPath } from '../data.js';

const folder = mkdtempSync(join(tmpdir(), 'panoptic-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const [WIDTH, HEIGHT] = [40, 32];
/** Sky above, two cows on grass of which one is a crowd, a corner without a class; ids need all three bytes. */
const [SKY, GRASS, COW, CROWD] = [70_000, 3, 300, 16_777_215];
const drawn = Int32Array.from({ length: WIDTH * HEIGHT }, (_, at) => {
  const [x, y] = [at % WIDTH, Math.floor(at / WIDTH)];
  if (x >= 36 && y >= 28) return 0;
  if (x >= 4 && x < 20 && y >= 8 && y < 24) return COW;
  if (x >= 24 && x < 34 && y >= 18 && y < 26) return CROWD;
  return y < 12 ? SKY : GRASS;
});
const segment = (id: number, category_id: number, bbox: readonly number[], iscrowd = 0) => {
  return { id, category_id, bbox, iscrowd, area: drawn.filter((value) => value === id).length };
};
const SEGMENTS = [
  segment(SKY, 200, [0, 0, 40, 12]),
  segment(COW, 21, [4, 8, 16, 16]),
  segment(CROWD, 21, [24, 18, 10, 8], 1),
  segment(GRASS, 100, [0, 12, 40, 20]),
];

function write(name: string, ids: Int32Array, segments: readonly object[]): string {
  const root = join(folder, name);
  mkdirSync(join(root, 'panoptic_train'), { recursive: true });
  mkdirSync(join(root, 'photos'));
  const size = { width: WIDTH, height: HEIGHT };
  writeFileSync(
    join(root, 'photos', 'a.png'),
    encodePng({ data: new Uint8Array(WIDTH * HEIGHT * 3).fill(90), ...size }),
  );
  writeFileSync(join(root, 'panoptic_train', 'a.png'), encodePng(coloursOfIds(ids, size)));
  writeFileSync(
    join(root, 'panoptic_train.json'),
    JSON.stringify({
      images: [{ id: 5, file_name: 'photos/a.png', ...size }],
      annotations: [{ image_id: 5, file_name: 'a.png', segments_info: segments }],
      categories: [
        { id: 100, name: 'grass', isthing: 0 },
        { id: 21, name: 'cow', isthing: 1 },
        { id: 200, name: 'sky', isthing: 0 },
        { id: 22, name: 'dog', isthing: 1 },
      ],
    }),
  );
  return root;
}

const open = (root: string, classes: readonly string[] = []) =>
  openData({ kind: 'auto', root, train: 'panoptic_train.json', val: null, classes: [...classes] }, 'panoptic', {
    split: 'train',
  });

describe('COCO panoptic', () => {
  let root = '';
  beforeAll(() => {
    root = write('whole', drawn, SEGMENTS);
  });

  it('gives objects with their pixels and the class of every pixel, classes with objects first', async () => {
    const dataset = await open(root);
    expect(dataset?.labels.classes).toEqual([
      { id: 21, name: 'cow' },
      { id: 22, name: 'dog' },
      { id: 100, name: 'grass', isStuff: true },
      { id: 200, name: 'sky', isStuff: true },
    ]);
    const { truth } = await dataset!.get(0);
    expect([...truth.labels]).toEqual([0, 0]);
    expect([...truth.ignored]).toEqual([0, 1]);
    expect([...truth.boxes]).toEqual([4, 8, 20, 24, 24, 18, 34, 26]);
    expect(truth.masks[0]).toEqual({ left: 4, top: 8, width: 16, height: 16, data: new Uint8Array(256).fill(1) });
    const at = (x: number, y: number) => truth.mask[y * WIDTH + x];
    expect([at(0, 0), at(0, 20), at(10, 10), at(25, 20), at(39, 31)]).toEqual([3, 2, 0, 0, IGNORED]);
  });

  it('leaves out what is of no class of the config, and keeps classes with objects first', async () => {
    const dataset = await open(root, ['sky', 'cow']);
    expect(dataset?.labels.classes.map(({ name }) => name)).toEqual(['cow', 'sky']);
    const { truth } = await dataset!.get(0);
    expect([truth.mask[0], truth.mask[20 * WIDTH]]).toEqual([1, IGNORED]);
  });

  it('refuses a pixel of a segment that is not listed, naming it', async () => {
    const dataset = await open(write('unlisted', drawn, SEGMENTS.slice(1)));
    await expect(dataset!.get(0)).rejects.toThrow('segment 70000, which its annotation does not list');
  });

  it('is told itself with a panoptic quality of 1, and with less where an object is missed', async () => {
    const dataset = await open(root);
    const { labels } = dataset!;
    const report = await roundTripPanoptic(dataset!, { labels });
    expect(report).toMatchObject({ PQ: 1, SQ: 1, RQ: 1, PQTh: 1, PQSt: 1 });
    expect(report.perClass.map(({ PQ }) => PQ)).toEqual([1, null, 1, 1]);
    const { truth, id } = await dataset!.get(0);
    const evaluator = createPanopticEvaluator({ labels });
    const stuff = truth.mask.map((label) => (label < 2 ? IGNORED : label));
    const nothing = { boxes: new Float32Array(0), labels: new Int32Array(0), scores: new Float32Array(0), masks: [] };
    evaluator.add(id, truth, { things: nothing, stuff: { ...truth, mask: stuff } });
    expect(evaluator.report()).toMatchObject({ PQ: 2 / 3, PQTh: 0, RQTh: 0, PQSt: 1 });
    expect(() => evaluator.add(id, truth, { things: nothing, stuff: { ...truth, mask: stuff } })).toThrow(id);
  });
});

describe.skipIf(dataMissing !== undefined)('the sample of COCO panoptic', () => {
  it('is 133 classes, and told itself with a panoptic quality of 1', async () => {
    const data = { kind: 'coco-panoptic', root: dataPath('coco_panoptic_sample'), val: null } as const;
    const dataset = await openData({ ...data, train: 'panoptic_examples.json' }, 'panoptic', { split: 'train' });
    expect(dataset?.labels.classes).toHaveLength(133);
    expect(dataset?.labels.classes.filter(({ isStuff }) => isStuff)).toHaveLength(53);
    expect(dataset?.size).toBe(2);
    const report = await roundTripPanoptic(dataset!, { labels: dataset!.labels });
    expect(report).toMatchObject({ PQ: 1, SQ: 1, RQ: 1, PQTh: 1, PQSt: 1 });
  }, 30_000);
});
