import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test } from 'vitest';
import { uploadImages } from '../../engine/images.js';
import { createRandom } from '../../engine/random.js';
import { createSegmenter } from '../../heads/index.js';
import { createSgd } from '../../training/optimizers.js';
import { createTrainingStep } from '../../training/step.js';

afterEach(() => tf.disposeVariables());

test.each([1, 5])('a segmenter of images of %i channels trains', async (inChannels) => {
  const { model } = createSegmenter({
    backbone: { arch: 'tf_efficientnet_lite0', inChannels, dropPath: 0.2 },
    classes: 2,
    inputSize: [32, 32],
    neck: { channels: 8, repeats: 1 },
    head: { channels: 8 },
  });
  expect(model.preprocessing.mean).toEqual(Array.from({ length: inChannels }, () => 127));
  const random = createRandom([inChannels]);
  const pixels = Uint8Array.from({ length: 2 * 32 * 32 * inChannels }, () => random.integer(256));
  const images = uploadImages(pixels, [2, 32, 32, inChannels]);
  const mask = tf.tensor3d(
    Int32Array.from({ length: 2 * 32 * 32 }, (_, i) => Math.floor(i / 32) % 2),
    [2, 32, 32],
    'int32',
  );
  const stem = model.parameters.get(`${model.stem}.weight`)?.variable;
  expect(stem?.shape).toEqual([3, 3, inChannels, 32]);
  const before = stem?.dataSync().slice();
  const step = createTrainingStep({ model, optimizer: createSgd(model.parameters, { momentum: 0 }) });
  const { losses } = await step.run(images, { mask }, { step: 0, learningRate: 0.1 });
  expect(losses.total?.dataSync()[0]).toBeGreaterThan(0);
  const after = stem?.dataSync();
  expect(after?.every(Number.isFinite)).toBe(true);
  expect(after).not.toEqual(before);
  step.dispose();
  model.dispose();
});
