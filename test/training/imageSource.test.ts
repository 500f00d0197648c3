import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { ShapeError } from '../../engine/errors.js';
import { pixelsOf } from '../../training/imageSource.js';

const RGB = [1, 2, 3, 250, 251, 252];

it('pixels stay as they are', async () => {
  const image = { data: Uint8Array.from(RGB), width: 2, height: 1 };
  expect((await pixelsOf(image)).data).toBe(image.data);
});

it('image data loses its alpha', async () => {
  const image = { data: Uint8ClampedArray.of(1, 2, 3, 0, 250, 251, 252, 255), width: 1, height: 2 };
  expect(await pixelsOf(image)).toEqual({ data: Uint8Array.from(RGB), width: 1, height: 2 });
});

it('a tensor is rounded and clamped to bytes', async () => {
  const tensor = tf.tensor3d([1.4, 1.6, -3, 249.5, 251, 300], [1, 2, 3]);
  expect(await pixelsOf(tensor)).toEqual({ data: Uint8Array.of(1, 2, 0, 250, 251, 255), width: 2, height: 1 });
  tensor.dispose();
});

it('refuses what is no image, with both sizes', async () => {
  const grey = tf.zeros<tf.Rank.R3>([2, 2, 1]);
  await expect(pixelsOf(grey)).rejects.toThrow(
    'the image is a tensor [2,2,1]: [height, width, 3] of 0..255 is expected',
  );
  grey.dispose();
  const short = { data: new Uint8Array(5), width: 2, height: 1 };
  await expect(pixelsOf(short)).rejects.toThrow('5 values are no image of 2 x 1 pixels');
  const none = { data: new Uint8ClampedArray(0), width: 0, height: 0 };
  await expect(pixelsOf(none)).rejects.toThrow(ShapeError);
});
