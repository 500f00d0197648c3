import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { Detections, Pixels } from '../../datasets/sample.js';
import { averageLogits } from '../../heads/semantic/average.js';
import { detectionViews } from '../../heads/tasks/views.js';
import { createPredictor, type Predictor } from '../../training/predictor.js';
import { combined, mirror, seenOften } from '../../training/views.js';

const [WIDTH, HEIGHT] = [8, 4];
/** Black, with one red pixel. */
const image: Pixels = { data: new Uint8Array(WIDTH * HEIGHT * 3), width: WIDTH, height: HEIGHT };
(image.data as Uint8Array)[(1 * WIDTH + 2) * 3] = 255;

/** Finds red pixels, each as a box around it. */
const finder: Predictor<Detections> = {
  batchSize: 1,
  dispose: () => {},
  predict: async (images) =>
    images.map(({ data, width }) => {
      const at = data.indexOf(255) / 3;
      const [x, y] = [at % width, Math.floor(at / width)];
      return { boxes: Float32Array.of(x, y, x + 1, y + 1), labels: Int32Array.of(0), scores: Float32Array.of(0.5) };
    }),
};
const combine = (results: readonly Detections[]) => detectionViews.combine(results, { maxDetections: 10 });

describe('views of an image', () => {
  it('are brought back exactly: what all of them show is found once, where it is', async () => {
    const sizes: number[][] = [];
    const watched = {
      ...finder,
      predict: (images: readonly Pixels[]) => {
        sizes.push(...images.map(({ width, height }) => [width, height]));
        return finder.predict(images);
      },
    };
    const often = seenOften(watched, { flip: true, scales: [1, 0.5] }, detectionViews, combine, () => [9, 9, 9]);
    const [found] = await often.predict([image]);
    expect([...found!.boxes]).toEqual([2, 1, 3, 2]);
    expect([...found!.scores]).toEqual([0.5]);
    expect(sizes).toEqual([
      [8, 4],
      [8, 4],
      [16, 8],
      [16, 8],
    ]);
    expect(mirror(mirror(image))).toEqual(image);
  });

  it('are as many as there are networks', async () => {
    const both = combined(
      [
        finder,
        {
          ...finder,
          predict: async (images) =>
            images.map(() => ({
              boxes: Float32Array.of(2, 1, 3, 2),
              labels: Int32Array.of(0),
              scores: Float32Array.of(1),
            })),
        },
      ],
      combine,
    );
    const [found] = await both.predict([image]);
    expect([...found!.scores]).toEqual([0.75]);
  });

  it('average logits of class maps, mirrored ones turned back', async () => {
    tf.tidy(() => {
      const raw = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2]);
      const seen = [
        { raw, isMirrored: false },
        { raw: tf.reverse(raw, 2), isMirrored: true },
        { raw: tf.image.resizeNearestNeighbor(raw, [4, 4]), isMirrored: false },
      ];
      expect([...averageLogits(seen).dataSync()]).toEqual([...raw.dataSync()]);
    });
    const model = {
      parameters: new Map(),
      preprocessing: { channels: 'RGB', mean: [0, 0, 0], std: [1, 1, 1] } as const,
      dispose: () => {},
      // where a pixel is, and how red it is
      forward: (images: tf.Tensor4D) => tf.concat([images, tf.cumsum(tf.onesLike(images), 2)], 3) as tf.Tensor4D,
      average: averageLogits,
      decode: async (raw: tf.Tensor4D) => [Array.from(await raw.data())],
    };
    const options = { inputSize: [HEIGHT, WIDTH], mode: 'letterbox', multiple: 2, batchSize: 1 } as const;
    const often = createPredictor(model, { ...options, views: { flip: true, scales: [1, 2] } });
    const [values] = await often.predict([image]);
    const at = (x: number, y: number) => values!.slice((y * WIDTH + x) * 6, (y * WIDTH + x) * 6 + 6);
    expect(at(2, 1)[0]).toBeGreaterThan(at(5, 1)[0]!); // red stays where it is
    expect(at(5, 1)[0]).toBeCloseTo(at(7, 3)[0]!, 6);
    expect(at(0, 0)[3]).toBeCloseTo(at(7, 0)[3]!, 4); // what depends on the side alone is the same on both
    often.dispose();
  });
});
