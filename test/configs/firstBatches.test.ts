import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSplit } from '../../configs/datasets.js';
import { firstBatches } from '../../configs/firstBatches.js';
import { parseExperiment } from '../../configs/read.js';
import { encodePng } from '../../datasets/decode/index.js';
import { drawCells } from '../../datasets/index.js';
import { coloursOfIds } from '../../datasets/panoptic.js';
import { objectsOf } from '../../datasets/sample.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-batches-'));
const still = { flipHorizontal: 0, flipVertical: 0, rotate90: 0, scale: [1, 1] };
beforeAll(() => drawCells({ out: folder, images: 10, seed: 3 }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const experiment = (task: string, more: object = {}) =>
  parseExperiment(
    {
      task,
      data: { kind: 'coco', root: folder, images: 'images', train: 'annotations/train.json', val: null },
      model: { inputSize: [256, 320] },
      train: { batchSize: 4, workers: 0 },
      augment: still,
      ...more,
    },
    'the test',
  );

it.each(['fcos', 'aligned', 'retina'])(
  'batches of a %s head show boxes that are those of the data set',
  async (kind) => {
    const named = experiment('detection', { model: { inputSize: [256, 320], head: { kind } } });
    const { entries } = await openSplit(named, 'train');
    let compared = 0;
    for await (const { images, step, names } of firstBatches(named, 2)) {
      expect([images.length, step < 2, names.length]).toEqual([4, true, 3]);
      for (const { id, truth, width, height } of images) {
        expect([width, height]).toEqual([320, 256]);
        const entry = entries.find((one) => one.id === id);
        const stored = entry && objectsOf(entry.truth);
        if (truth?.kind !== 'boxes' || !stored || !entry?.width || !entry.height) throw new Error(`${id} has no boxes`);
        const scale = Math.min(320 / entry.width, 256 / entry.height);
        for (let m = 0; m < truth.labels.length; m++) {
          const taught = Array.from(truth.boxes.subarray(m * 4, m * 4 + 4), (edge) => edge / scale);
          const nearest = Math.min(
            ...Array.from(stored.labels, (label, k) =>
              label === truth.labels[m]
                ? Math.max(...taught.map((edge, i) => Math.abs(edge - (stored.boxes[k * 4 + i] ?? 0))))
                : Number.POSITIVE_INFINITY,
            ),
          );
          expect(nearest).toBeLessThan(1);
          compared++;
        }
      }
    }
    expect(compared).toBeGreaterThan(20);
  },
);

it('batches of class maps show maps of the input, and fewer images than a batch are one', async () => {
  const named = experiment('segmentation', { train: { batchSize: 64, workers: 0 } });
  const batches = [];
  for await (const batch of firstBatches(named, 1)) batches.push(batch);
  const [{ images } = { images: [] }] = batches;
  expect(images).toHaveLength((await openSplit(named, 'train')).size);
  for (const { truth } of images) {
    if (truth?.kind !== 'classMap') throw new Error('there is no class map');
    expect(truth.mask).toHaveLength(256 * 320);
    expect(new Set(truth.mask).size).toBeGreaterThan(0);
  }
});

it('batches of objects on class maps show both, where several classes have no objects', async () => {
  const root = join(folder, 'panoptic');
  mkdirSync(join(root, 'panoptic_train'), { recursive: true });
  const size = { width: 128, height: 64 };
  // Sky over grass, and a cow.
  const ids = Int32Array.from({ length: 128 * 64 }, (_, at) => {
    const [x, y] = [at % 128, Math.floor(at / 128)];
    if (x >= 32 && x < 64 && y >= 16 && y < 48) return 3;
    return y < 32 ? 1 : 2;
  });
  const boxes = [
    [0, 0, 128, 32],
    [0, 32, 128, 32],
    [32, 16, 32, 32],
  ];
  const segments_info = boxes.map((bbox, i) => ({ id: i + 1, category_id: i + 1, bbox, iscrowd: 0 }));
  const categories = ['sky', 'grass', 'cow'].map((name, i) => ({ id: i + 1, name, isthing: i === 2 ? 1 : 0 }));
  writeFileSync(join(root, 'a.png'), encodePng({ data: new Uint8Array(ids.length * 3).fill(90), ...size }));
  writeFileSync(join(root, 'panoptic_train', 'a.png'), encodePng(coloursOfIds(ids, size)));
  writeFileSync(
    join(root, 'panoptic_train.json'),
    JSON.stringify({
      images: [{ id: 1, file_name: 'a.png', ...size }],
      annotations: [{ image_id: 1, file_name: 'a.png', segments_info }],
      categories,
    }),
  );
  const named = experiment('panoptic', {
    data: { kind: 'coco-panoptic', root, train: 'panoptic_train.json', val: null },
    model: { inputSize: [64, 128] },
    train: { batchSize: 1, workers: 0 },
  });
  for await (const { images, names } of firstBatches(named, 1)) {
    expect(names).toEqual(['cow', 'sky', 'grass']);
    const truth = images[0]?.truth;
    if (truth?.kind !== 'panoptic') throw new Error('there are no segments');
    const at = (x: number, y: number) => truth.mask[y * 128 + x];
    expect([at(4, 4), at(4, 60), at(48, 30)]).toEqual([1, 2, 0]);
    expect([...truth.labels]).toEqual([0]);
  }
});
