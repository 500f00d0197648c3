import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test } from 'vitest';
import { createRandom } from '../../engine/random.js';
import { createSegmenter } from '../../heads/index.js';
import { createPredictor } from '../../training/predictor.js';

afterEach(() => tf.disposeVariables());

test('a segmenter trained on crops answers a larger image as one built for that size does', async () => {
  const random = createRandom([4]);
  const [width, height] = [96, 64];
  const image = { data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)), width, height };
  const answer = async (inputSize: readonly [number, number]) => {
    const { model } = createSegmenter({ backbone: 'tf_efficientnet_lite0', classes: 3, inputSize, seed: 2 });
    const predictor = createPredictor(model, { inputSize, mode: 'native', multiple: 32, batchSize: 1 });
    const [map] = await predictor.predict([image]);
    predictor.dispose();
    model.dispose();
    return map;
  };
  const large = await answer([height, width]);
  expect(await answer([32, 32])).toEqual(large);
  expect(new Set(large?.mask).size).toBeGreaterThan(1);
});
