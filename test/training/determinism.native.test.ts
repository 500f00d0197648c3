import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { uploadImages } from '../../engine/images.js';
import { createEncoder } from '../../heads/detection/encoder.js';
import type { TargetTensors } from '../../heads/head.js';
import { createDetector, createSegmenter } from '../../heads/index.js';
import { createAdamW } from '../../training/optimizers.js';
import { createTrainingStep, stepScalars, stepSeed, type TrainableModel } from '../../training/step.js';

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
    frozen: 'P2',
  });
  const { targets: specs, encode } = createEncoder(encoder.config as Parameters<typeof createEncoder>[0]);
  const arrays = Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype }]) => {
      const count = shape.reduce((product, each) => product * each, 1);
      return [name, dtype === 'float32' ? new Float32Array(count) : new Int32Array(count)];
    }),
  );
  const boxes = Float64Array.from({ length: 13 * 4 }, (_, i) => (i >> 2) * 20 + (i % 4 < 2 ? 0 : 40 + (i >> 2)));
  const labels = Int32Array.from({ length: 13 }, (_, i) => i % 3);
  encode({ kind: 'boxes', boxes, labels, ignored: new Uint8Array(13), areas: new Float64Array(13).fill(1600) }, arrays);
  const targets = Object.fromEntries(
    Object.entries(specs).map(([name, { shape, dtype }]) => {
      const stack = () => {
        const one = tf.tensor(arrays[name] as Float32Array, [...shape], dtype);
        return tf.stack(Array.from({ length: BATCH }, () => one));
      };
      return [name, tf.tidy(stack)];
    }),
  );
  return { model, targets, size };
}

function segmenter(): Task {
  const size = [128, 128] as const;
  const { model } = createSegmenter({
    backbone: 'tf_efficientnet_lite0',
    classes: 2,
    inputSize: size,
    outputStride: 2,
    neck: { channels: 32, repeats: 2 },
    head: { channels: 32 },
  });
  const shape = [BATCH, ...size] as const;
  const classes = Int32Array.from({ length: BATCH * 128 * 128 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 31);
  return { model, targets: { mask: tf.tensor(classes, [...shape], 'int32') }, size };
}

/** Losses and gradient norm of each step. */
function train({ model, targets, size }: Task, steps: number): readonly (readonly number[])[] {
  const shape = [BATCH, ...size, 3] as const;
  const count = shape.reduce((product, each) => product * each, 1);
  const images = uploadImages(
    Uint8Array.from({ length: count }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24),
    shape,
  );
  const optimizer = createAdamW(model.parameters, { weightDecay: 0.01 });
  const step = createTrainingStep({ model, optimizer, clipNorm: 10 });
  const figures = Array.from({ length: steps }, (_, i) => {
    const numbers = Object.entries(stepScalars(optimizer, undefined, i, 1e-3));
    const scalars = Object.fromEntries(numbers.map(([name, value]) => [name, tf.scalar(value)]));
    const seed = stepSeed(1, i);
    const { losses, gradientNorm } = step(images, targets, scalars, seed);
    const values = [...Object.values(losses), gradientNorm].map((each) => each.dataSync()[0] as number);
    tf.dispose([losses, gradientNorm, scalars, seed]);
    return values;
  });
  step.dispose();
  optimizer.dispose();
  model.dispose();
  tf.dispose([images, targets]);
  return figures;
}

it.each([
  ['a detector with frozen stages', detector, 20],
  ['a segmenter', segmenter, 8],
])(
  '%s trains to the same bits each time',
  (_, create, steps) => {
    const first = train(create(), steps);
    expect(train(create(), steps)).toEqual(first);
    expect(train(create(), steps)).toEqual(first);
  },
  300_000,
);
