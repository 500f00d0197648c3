import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { uploadImages } from '../../engine/images.js';
import type { TargetTensors } from '../../heads/head.js';
import { createDetector, createSegmenter, encodeTargets } from '../../heads/index.js';
import { createEncoder } from '../../heads/retina/encoder.js';
import { createAdamW } from '../../training/optimizers.js';
import { createTrainingStep, type TrainableModel } from '../../training/step.js';

const BATCH = 8;

interface Task {
  readonly model: TrainableModel;
  readonly targets: TargetTensors;
  readonly size: readonly [height: number, width: number];
}

function detector(): Task {
  const size = [320, 416] as const;
  const { model, encoder } = createDetector({
    preset: 'efficientdet-lite0',
    classes: 3,
    inputSize: size,
    seed: 1,
    backbone: { frozen: 'P2' },
  });
  const made = createEncoder(encoder.config as Parameters<typeof createEncoder>[0]);
  const boxes = Float64Array.from({ length: 13 * 4 }, (_, i) => (i >> 2) * 20 + (i % 4 < 2 ? 0 : 40 + (i >> 2)));
  const labels = Int32Array.from({ length: 13 }, (_, i) => i % 3);
  const truth = {
    kind: 'boxes',
    boxes,
    labels,
    ignored: new Uint8Array(13),
    areas: new Float64Array(13).fill(1600),
  } as const;
  const targets = encodeTargets(
    made,
    Array.from({ length: BATCH }, () => truth),
  ) as unknown as TargetTensors;
  return { model: model as unknown as TrainableModel, targets, size };
}

function segmenter(): Task {
  const size = [128, 128] as const;
  const { model } = createSegmenter({
    backbone: 'tf_efficientnet_lite0',
    classes: 2,
    inputSize: size,
    neck: { channels: 32, repeats: 2 },
    head: { stride: 2, channels: 32 },
  });
  const shape = [BATCH, ...size] as const;
  const classes = Int32Array.from({ length: BATCH * 128 * 128 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 31);
  const targets = { mask: tf.tensor3d(classes, [...shape], 'int32') };
  return { model: model as unknown as TrainableModel, targets, size };
}

/** Losses and gradient norm of each step. */
async function train({ model, targets, size }: Task, steps: number): Promise<readonly (readonly number[])[]> {
  const shape = [BATCH, ...size, 3] as const;
  const count = shape.reduce((product, each) => product * each, 1);
  const images = uploadImages(
    Uint8Array.from({ length: count }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24),
    shape,
  );
  const optimizer = createAdamW(model.parameters, { weightDecay: 0.01 });
  const step = createTrainingStep({ model, optimizer, clipNorm: 10 });
  const figures: number[][] = [];
  for (let i = 0; i < steps; i++) {
    const { losses, gradientNorm } = await step.run(images, targets, { step: i, learningRate: 1e-3 });
    figures.push([...Object.values(losses), gradientNorm].map((each) => each.dataSync()[0] as number));
    tf.dispose([losses, gradientNorm]);
  }
  step.dispose();
  optimizer.dispose();
  model.dispose();
  tf.dispose([images, targets]);
  return figures;
}

it.each([
  ['a detector with frozen stages', detector, process.env.ESPALIER_TEST_ALL ? 20 : 6],
  ['a segmenter', segmenter, process.env.ESPALIER_TEST_ALL ? 8 : 5],
])(
  '%s trains to the same bits each time',
  async (_, create, steps) => {
    const first = await train(create(), steps);
    expect(await train(create(), steps)).toEqual(first);
    if (process.env.ESPALIER_TEST_ALL) expect(await train(create(), steps)).toEqual(first);
  },
  300_000,
);
