import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, expect, it } from 'vitest';
import { parseExperiment } from '../../configs/read.js';
import { trainExperiment } from '../../configs/train.js';
import { drawCells } from '../../datasets/index.js';

/** Learning a few images by heart proves the chain from files to AP; how many depends on what the engine can do in a minute. */
const SIZES = {
  tensorflow: process.env.ESPALIER_TEST_ALL
    ? { indices: '0-7', images: 8, steps: 130 }
    : { indices: '0-3', images: 4, steps: 110 },
  wasm: { indices: '1', images: 1, steps: 80 },
};

const folder = mkdtempSync(join(tmpdir(), 'espalier-overfit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('learns a few drawn images by heart, from COCO JSON to AP50 of 0.95', { timeout: 400_000 }, async () => {
  const engine = tf.getBackend() as keyof typeof SIZES;
  const { indices, images, steps } = SIZES[engine];
  const { root } = await drawCells({ out: join(folder, 'cells'), images: 12, seed: 5 });
  const annotations = 'annotations/train.json';
  const experiment = parseExperiment(
    {
      task: 'detection',
      data: {
        kind: 'coco',
        root,
        images: 'images',
        train: annotations,
        val: annotations,
        trainIndices: indices,
        valIndices: indices,
      },
      model: { preset: 'efficientdet-lite0', inputSize: [96, 128], anchorScale: 0.75 },
      train: {
        epochs: steps,
        batchSize: images,
        learningRate: 0.008,
        warmupSteps: 20,
        ema: 0.9,
        normMomentum: 0.9,
        evaluateEvery: steps,
        seed: 1,
        workers: 0,
      },
      augment: { flipHorizontal: 0, scale: [1, 1], brightness: 0, contrast: 0, saturation: 0, hue: 0 },
    },
    'the overfit test',
  );
  const out = join(folder, 'run');
  const { best } = await trainExperiment(experiment, { out, resume: false, engine, offline: true, say: () => {} });
  const report = best?.report as { readonly AP50: number } | undefined;
  expect(report?.AP50).toBeGreaterThanOrEqual(0.95);
});
