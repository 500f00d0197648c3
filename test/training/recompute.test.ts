import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test } from 'vitest';
import type { BackboneArch } from '../../backbones/index.js';
import { createRandom } from '../../engine/random.js';
import { createSegmenter } from '../../heads/index.js';
import { createSgd } from '../../training/optimizers.js';
import { createTrainingStep } from '../../training/step.js';

afterEach(() => tf.disposeVariables());

type Values = ReadonlyMap<string, Float32Array>;

/** What some steps on noise do to the parameters of a segmenter, statistics included. */
async function movement(backbone: BackboneArch, steps: number, recompute: boolean): Promise<Values> {
  const [batch, side, classes] = [2, 32, 3];
  const { model } = createSegmenter({
    backbone: { arch: backbone, dropPath: 0.2 },
    classes,
    inputSize: [side, side],
    seed: 2,
  });
  const values = (): Values =>
    new Map([...model.parameters].map(([name, { variable }]) => [name, Float32Array.from(variable.dataSync())]));
  const before = values();
  const optimizer = createSgd(model.parameters, { momentum: 0.9 });
  const step = createTrainingStep({ model, optimizer, clipNorm: 1, recompute });
  const random = createRandom([5]);
  const pixels = Int32Array.from({ length: batch * side * side * 3 }, () => random.integer(256));
  const labels = Int32Array.from({ length: batch * side * side }, () => random.integer(classes));
  const images = tf.tensor4d(pixels, [batch, side, side, 3], 'int32');
  const targets = { mask: tf.tensor3d(labels, [batch, side, side], 'int32') };
  for (let i = 0; i < steps; i++) {
    const result = await step.run(images, targets, { step: i, learningRate: 0.05 });
    tf.dispose(result as unknown as tf.TensorContainer);
  }
  step.dispose();
  const moved = [...values()].map(([name, after]) => {
    return [name, after.map((value, i) => value - (before.get(name)?.[i] ?? 0))] as const;
  });
  return new Map(moved);
}

test('activations that are computed again give the same weights and statistics, bit for bit', async () => {
  const again = await movement('tf_efficientnet_lite0', 2, true);
  for (const [name, values] of await movement('tf_efficientnet_lite0', 2, false))
    expect(again.get(name), name).toEqual(values);
});

test('where stages begin with a shortcut, their gradients are summed in another order and equal but for rounding', async () => {
  const again = await movement('resnet18', 1, true);
  for (const [name, values] of await movement('resnet18', 1, false)) {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-6);
    values.forEach((value, i) => {
      if (Math.abs(value - (again.get(name)?.[i] ?? Number.NaN)) < 1e-3 * largest) return;
      expect(again.get(name)?.[i], `${name} ${i}`).toBe(value);
    });
  }
});
