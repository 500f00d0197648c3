import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { openSplit } from '../../configs/datasets.js';
import { parseExperiment } from '../../configs/read.js';
import { openRun } from '../../configs/run.js';
import { type TrainExperimentOptions, trainExperiment } from '../../configs/train.js';
import { readCheckpoint, runFolder } from '../../training/run/index.js';
import { folderWith, greyPng, vocXml } from '../datasets/folder.js';

/** The fewest there can be: one class, one image, one pixel; and many classes. Trained, measured and asked. */

/** What is the same on every engine runs on one. */
const isPortable = tf.getBackend() === 'wasm';

const runs = mkdtempSync(join(tmpdir(), 'espalier-few-'));
afterAll(() => rmSync(runs, { recursive: true, force: true }));

interface Few {
  readonly what: string;
  readonly task: 'detection' | 'segmentation';
  /** [width, height] of the one image. */
  readonly image: readonly [width: number, height: number];
  /** Names of the objects, each in the middle half of the image. */
  readonly objects: readonly string[];
  readonly says: readonly string[];
}

const CASES: readonly Few[] = [
  { what: 'one class', task: 'detection', image: [60, 40], objects: ['cell'], says: ['classes: cell'] },
  { what: 'one class in one pixel', task: 'detection', image: [1, 1], objects: ['cell'], says: ['classes: cell'] },
  {
    what: '300 classes in a strip',
    task: 'detection',
    image: [4096, 64],
    objects: Array.from({ length: 300 }, (_, i) => `class${i}`),
    says: ['train: 1 images'],
  },
  {
    what: 'one class',
    task: 'segmentation',
    image: [60, 40],
    objects: ['cell'],
    says: ['classes: background, cell (background: every pixel without one of the others)'],
  },
];

function experimentOf({ task, image: [width, height], objects }: Few) {
  const [x1, y1] = [Math.floor(width / 4), Math.floor(height / 4)];
  const [x2, y2] = [x1 + Math.ceil(width / 2), y1 + Math.ceil(height / 2)];
  const mask = Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x >= x1 && x < x2 && y >= y1 && y < y2 ? 1 : 0;
  });
  const pixels = mask.map((inside) => 40 + 150 * inside);
  const boxes = objects.map((name) => [name, x1 + 1, y1 + 1, Math.max(x2, x1 + 2), Math.max(y2, y1 + 2)] as const);
  const root = folderWith({
    'ImageSets/Main/train.txt': 'a',
    'JPEGImages/a.png': greyPng(width, height, pixels),
    'Annotations/a.xml': vocXml([width, height], boxes),
    'masks/a.png': greyPng(width, height, mask),
  });
  const model = { inputSize: [64, 64], neckChannels: 8, neckRepeats: 1 };
  const voc = { kind: 'voc', root, val: 'train' };
  const masks = { kind: 'masks', root, images: 'JPEGImages/*.png', masks: 'masks/*.png', train: 'a', val: 'a' };
  const data = task === 'detection' ? voc : { ...masks, classes: objects };
  return parseExperiment({ task, data, model, train: { epochs: 1, workers: 0, warmupSteps: 0 } }, 'the test');
}

describe('training on one image', () => {
  it.each(CASES.filter(({ image: [width], task }) => isPortable || width === 1 || task === 'segmentation'))(
    'of $what ($task) trains, is measured, and answers',
    async (few) => {
      const experiment = experimentOf(few);
      const out = join(runs, `${CASES.indexOf(few)}`);
      const said: string[] = [];
      const say = (line: string) => said.push(line);
      const result = await trainExperiment(experiment, {
        out,
        resume: false,
        engine: tf.getBackend(),
        offline: true,
        say,
      });
      expect(said).toEqual(expect.arrayContaining(['batchSize: 1 instead of 8, as there are no more images']));
      for (const line of few.says)
        expect(
          said.some((text) => text.startsWith(line)),
          said.join('\n'),
        ).toBe(true);
      expect(result).toMatchObject({ reason: 'done', step: 1, best: { value: expect.any(Number) } });
      const run = openRun(out);
      const report = await run.network.measure(await openSplit(run.experiment, 'val', run.labels));
      expect(report[run.network.task.metric]).toBeCloseTo(result.best?.value ?? Number.NaN, 5);
      const found = [];
      for await (const { result: answer } of run.network.predict([join(experiment.data.root, 'JPEGImages/a.png')])) {
        const { overlay } = run.network.task.describe(answer, { names: [], threshold: 0 });
        found.push(...(overlay.boxes?.labels ?? []), ...(overlay.classMap ? [overlay.classMap.mask.length] : []));
        if (overlay.classMap) expect(overlay.classMap.mask).toHaveLength(few.image[0] * few.image[1]);
      }
      expect(found.length).toBeGreaterThan(0);
      run.dispose();
    },
  );

  const trained = (name: string, train: object, model: object, more: Partial<TrainExperimentOptions> = {}) => {
    const experiment = experimentOf(CASES[0] as Few);
    return trainExperiment(
      {
        ...experiment,
        train: { ...experiment.train, epochs: 4, evaluateEvery: 2, ...train },
        model: { ...experiment.model, backbone: { ...experiment.model.backbone, ...model } },
      },
      {
        out: join(runs, name),
        resume: false,
        engine: tf.getBackend(),
        offline: true,
        say: () => undefined,
        pictures: false,
        ...more,
      },
    );
  };
  /** Of all tensors of the last checkpoint: a comparison of millions of values would be told for minutes. */
  const weightsOf = (name: string): string => {
    const hash = createHash('sha256');
    for (const [each, { data }] of readCheckpoint(runFolder(join(runs, name)).last).tensors)
      hash.update(each).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return hash.digest('hex');
  };

  it.runIf(isPortable)('on the kept maps of a frozen backbone is recorded as one on images, and answers', async () => {
    const said: string[] = [];
    const result = await trained('kept', { cachedViews: 2 }, { frozen: 'all' }, { say: (line) => said.push(line) });
    expect(said.some((line) => line.startsWith('maps: 1 images in 2 views'))).toBe(true);
    expect(result).toMatchObject({ reason: 'done', step: 4 });
    const run = openRun(join(runs, 'kept'));
    expect(run.network.model.preprocessing.mean).toHaveLength(3);
    run.dispose();
  });

  it.runIf(isPortable)('on kept maps is refused where they would be others than those of the images', async () => {
    await expect(trained('moving', { cachedViews: 1 }, { frozen: 'none' })).rejects.toThrow(
      /^train\.cachedViews keeps the maps of a backbone, of which backbone\.\S+ is trained: set model\.backbone\.frozen to all$/,
    );
    await expect(trained('thawed', { cachedViews: 1, unfreezeAt: 0.5 }, { frozen: 'none' })).rejects.toThrow(
      'train.unfreezeAt trains it',
    );
  });

  it.runIf(isPortable)(
    'in stages of growing images ends with the same weights, wherever it was interrupted',
    async () => {
      const progressive = { stages: 2, size: 0.5, strength: 0.33 };
      const whole = await trained('grown', { progressive }, {});
      expect(whole).toMatchObject({ reason: 'done', step: 4, best: { value: expect.any(Number) } });
      for (const stop of [1, 3]) {
        const name = `grown-${stop}`;
        const controller = new AbortController();
        const progress = {
          step: ({ step }: { readonly step: number }) => {
            if (step >= stop) controller.abort();
          },
          note: () => undefined,
          end: () => undefined,
        };
        await trained(name, { progressive }, {}, { signal: controller.signal, progress });
        await trained(name, { progressive }, {}, { resume: true });
        expect(weightsOf(name), `after ${stop}`).toEqual(weightsOf('grown'));
      }
    },
  );

  it.runIf(isPortable)('without a validation set keeps the last checkpoint and no best', async () => {
    const { data, ...rest } = experimentOf(CASES[0] as Few);
    const out = join(runs, 'alone');
    const said: string[] = [];
    const experiment = { ...rest, data: { ...data, val: null } };
    const options = { out, resume: false, engine: tf.getBackend(), offline: true };
    const result = await trainExperiment(experiment, { ...options, say: (line) => said.push(line) });
    expect(said).toContain('val: none');
    expect(result).toMatchObject({ reason: 'done', best: null, latest: null });
    const run = openRun(out);
    expect(run.checkpoint).toBe(result.folder.last);
    run.dispose();
  });

  it('of which nothing can be learned ends before the first step, with all that is wrong', async () => {
    const { data, ...rest } = experimentOf({ ...(CASES[0] as Few), objects: [] });
    const experiment = { ...rest, data: { ...data, classes: ['cell'], val: 'elsewhere' } };
    const options = { out: join(runs, 'nothing'), resume: false, engine: tf.getBackend(), offline: true };
    await expect(trainExperiment(experiment, { ...options, say: () => {} })).rejects.toThrow(
      /the 1 training images have not one object.*\n.*'elsewhere' fits none of the 1 images/,
    );
  });
});
