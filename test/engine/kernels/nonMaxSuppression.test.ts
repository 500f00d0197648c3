import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../../engine/compile.js';
import { type NmsInputs, nonMaxSuppression, softNonMaxSuppression } from '../../../engine/kernels/index.js';
import { portableOf } from '../../../engine/kernels/kernel.js';
import { suppress } from '../../../heads/boxes/nms.js';
import { suppressSoftly } from '../../../heads/boxes/softNms.js';
import { expectClose } from '../../conformance/kernel.js';
import { golden } from '../../data.js';

interface Drawn {
  readonly boxes: readonly number[];
  readonly scores: readonly number[];
  readonly labels: readonly number[];
}

/** Boxes by the generator that the golden names. */
function draw(seed: number, count: number): Drawn {
  let state = seed;
  const unit = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const drawn = { boxes: [] as number[], scores: [] as number[], labels: [] as number[] };
  for (let i = 0; i < count; i++) {
    const [x, y, width, height] = [140 * unit(), 105 * unit(), 4 + 80 * unit(), 4 + 60 * unit()];
    drawn.boxes.push(...[x, y, x + width, y + height].map(Math.fround));
    drawn.scores.push(Math.fround(unit()));
    drawn.labels.push(Math.floor(4 * unit()));
  }
  return drawn;
}

function tensorsOf(items: readonly Drawn[]): NmsInputs {
  const count = items[0]?.scores.length ?? 0;
  return {
    boxes: tf.tensor3d(
      items.flatMap(({ boxes }) => boxes),
      [items.length, count, 4],
    ),
    scores: tf.tensor2d(
      items.flatMap(({ scores }) => scores),
      [items.length, count],
    ),
    labels: tf.tensor2d(
      items.flatMap(({ labels }) => labels),
      [items.length, count],
      'int32',
    ),
  };
}

/** As the detection head's decoder has them: best first. Returns the drawn places beside the candidates. */
function sorted({ boxes, scores, labels }: Drawn) {
  const order = scores.map((_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  return {
    order,
    candidates: {
      boxes: Float64Array.from(order.flatMap((i) => boxes.slice(i * 4, i * 4 + 4))),
      scores: Float32Array.from(order, (i) => scores[i] as number),
      labels: Int32Array.from(order, (i) => labels[i] as number),
    },
  };
}

const GOLDENS = golden<{ nms: readonly { readonly iouThreshold: number; readonly keep: readonly number[] }[] }>(
  'engine/kernels.json.gz',
).nms;

describe('nonMaxSuppression', () => {
  for (const { iouThreshold, keep } of GOLDENS) {
    it(`keeps the boxes of torchvision's batched_nms at ${iouThreshold}`, () => {
      const limit = keep.length + 3;
      const { rows, scores, counts } = nonMaxSuppression(tensorsOf([draw(1, 200)]), {
        limit,
        iouThreshold,
        minimumScore: 0,
      });
      expect(counts.dataSync()[0]).toBe(keep.length);
      expect(Array.from(rows.dataSync()).slice(0, keep.length)).toEqual(keep);
      expect(Array.from(scores.dataSync()).slice(keep.length)).toEqual([0, 0, 0]);
    });
  }

  it('decides each image of a batch as the decoder of the detection head does', () => {
    const items = [draw(3, 150), draw(4, 150), draw(5, 150)];
    const kept = nonMaxSuppression(tensorsOf(items), { limit: 20, iouThreshold: 0.4, minimumScore: 0 });
    items.forEach((item, i) => {
      const { order, candidates } = sorted(item);
      const { rows, scores } = suppress(candidates, 0.4, 20);
      expect(Array.from(kept.rows.dataSync().slice(i * 20, i * 20 + 20))).toEqual(rows.map((row) => order[row]));
      expectClose(Array.from(kept.scores.dataSync().slice(i * 20, i * 20 + 20)), scores, 0);
    });
  });

  it('keeps every box at a threshold of 1, and none at or below the minimum score', () => {
    const boxes = tf.tensor3d([0, 0, 4, 4, 0, 0, 4, 4, 9, 9, 9, 9], [1, 3, 4]);
    const scores = tf.tensor2d([0.5, 0.5, 0.25], [1, 3]);
    const labels = tf.zeros([1, 3], 'int32') as tf.Tensor2D;
    const kept = nonMaxSuppression({ boxes, scores, labels }, { limit: 3, iouThreshold: 1, minimumScore: 0 });
    expect(Array.from(kept.rows.dataSync())).toEqual([0, 1, 2]);
    const above = nonMaxSuppression({ boxes, scores, labels }, { limit: 3, iouThreshold: 1, minimumScore: 0.25 });
    expect(Array.from(above.scores.dataSync())).toEqual([0.5, 0.5, 0]);
    expect(above.counts.dataSync()[0]).toBe(2);
  });

  it('leaves out boxes that are not finite, and takes huge ones', () => {
    const sides = [0, 0, 4, 4, Number.NaN, 0, 4, 4, 0, 0, 4, 5, -1e9, 0, Number.POSITIVE_INFINITY, 9, 0, 0, 1e9, 1e9];
    const candidates = {
      boxes: tf.tensor3d(sides, [1, 5, 4]),
      scores: tf.tensor2d([0.5, 0.9, 0.8, 0.7, 0.6], [1, 5]),
      labels: tf.zeros([1, 5], 'int32') as tf.Tensor2D,
    };
    const hard = nonMaxSuppression(candidates, { limit: 4, iouThreshold: 0.5, minimumScore: 0 });
    expect(Array.from(hard.rows.dataSync())).toEqual([2, 4, 0, 0]);
    expect(hard.counts.dataSync()[0]).toBe(2);
    const soft = softNonMaxSuppression(candidates, { limit: 4, sigma: 0.5, minimumScore: 0 });
    expect(Array.from(soft.rows.dataSync()).slice(0, 3)).toEqual([2, 4, 0]);
    expect(soft.counts.dataSync()[0]).toBe(3);
  });

  it('decides in plain tfjs ops as the engine does', () => {
    const candidates = tensorsOf([draw(11, 60), draw(12, 60)]);
    for (const [mode, width] of [
      ['hard', 0.4],
      ['soft', 0.5],
    ] as const) {
      const limits = { limit: 12, minimumScore: 0.3 };
      const { rows, scores } =
        mode === 'hard'
          ? nonMaxSuppression(candidates, { ...limits, iouThreshold: width })
          : softNonMaxSuppression(candidates, { ...limits, sigma: width });
      const plain = portableOf('EspalierSuppression')({ ...candidates }, { mode, width, ...limits });
      const [plainRows, plainScores] = plain as [tf.Tensor, tf.Tensor];
      expect(Array.from(plainRows.dataSync())).toEqual(Array.from(rows.dataSync()));
      expectClose(Array.from(plainScores.dataSync()), Array.from(scores.dataSync()), 1e-6);
    }
  });

  it('is the same inside a compiled function', () => {
    const candidates = tensorsOf([draw(6, 100), draw(7, 100)]);
    const run = (boxes: tf.Tensor, scores: tf.Tensor, labels: tf.Tensor) => {
      const { rows, counts } = nonMaxSuppression({ boxes, scores, labels } as NmsInputs, {
        limit: 10,
        iouThreshold: 0.5,
        minimumScore: 0.2,
      });
      return [rows, counts];
    };
    const compiled = compile(run);
    const { boxes, scores, labels } = candidates;
    const plain = run(boxes, scores, labels).map((tensor) => Array.from(tensor.dataSync()));
    expect(compiled(boxes, scores, labels).map((tensor) => Array.from(tensor.dataSync()))).toEqual(plain);
    compiled.dispose();
  });

  it('leaves no tensor behind but its results, and refuses what does not belong together', () => {
    const candidates = tensorsOf([draw(8, 10)]);
    const before = tf.memory().numTensors;
    tf.dispose({ ...nonMaxSuppression(candidates, { limit: 3, iouThreshold: 0.5, minimumScore: 0 }) });
    expect(tf.memory().numTensors).toBe(before);
    const limits = { limit: 3, iouThreshold: 0.5, minimumScore: 0 };
    const labels = tf.zeros([1, 9], 'int32') as tf.Tensor2D;
    expect(() => nonMaxSuppression({ ...candidates, labels }, limits)).toThrow('labels [1,9]');
    expect(() => nonMaxSuppression(candidates, { ...limits, limit: 0 })).toThrow('to 0');
  });
});

describe('softNonMaxSuppression', () => {
  it('gives the boxes and scores of the decoder of the detection head', () => {
    const items = [draw(9, 150), draw(10, 150)];
    const options = { sigma: 0.5, minimumScore: 0.001, limit: 40 };
    const kept = softNonMaxSuppression(tensorsOf(items), options);
    items.forEach((item, i) => {
      const { order, candidates } = sorted(item);
      const { rows, scores } = suppressSoftly(candidates, options);
      expect(Array.from(kept.rows.dataSync().slice(i * 40, i * 40 + 40))).toEqual(rows.map((row) => order[row]));
      expectClose(Array.from(kept.scores.dataSync().slice(i * 40, i * 40 + 40)), scores, 1e-6);
    });
  });
});
