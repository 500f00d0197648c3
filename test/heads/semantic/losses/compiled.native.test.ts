import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { compile } from '../../../../engine/compile.js';
import { createRandom } from '../../../../engine/random.js';
import { reduceLosses } from '../../../../heads/losses/term.js';
import { semanticLoss } from '../../../../heads/semantic/loss.js';
import { semanticLossConfig } from '../../../../heads/semantic/losses/index.js';

const [N, H, W, K] = [2, 12, 10, 3];

it.each(['batch', 'sample'] as const)('a compiled step computes every loss over a %s as op by op', (over) => {
  const settings = semanticLossConfig.parse({
    crossEntropy: { hardest: 0.3, classWeights: [1, 2, 0.5] },
    dice: { over, background: false },
    tversky: { weight: 1, over, power: 0.75 },
    lovasz: { weight: 1, over },
    boundary: { weight: 0.1 },
  });
  const random = createRandom([3]);
  const raw = tf.tensor4d(
    Float32Array.from({ length: (N * H * W * K) / 4 }, () => random.normal()),
    [N, H / 2, W / 2, K],
  );
  const mask = tf.tensor3d(
    Int32Array.from({ length: N * H * W }, () => random.integer(K + 1) - 1),
    [N, H, W],
    'int32',
  );
  const distances = tf.tensor4d(
    Float32Array.from({ length: N * H * W * K }, () => random.normal()),
    [N, H, W, K],
  );
  const step = (logits: tf.Tensor4D, target: tf.Tensor3D, map: tf.Tensor4D) => {
    const total = (x: tf.Tensor) =>
      reduceLosses(semanticLoss(x as tf.Tensor4D, { mask: target, distances: map }, settings)).total;
    const { value, grad } = tf.valueAndGrad(total)(logits);
    return { value, grad };
  };
  const compiled = compile(step, { name: 'losses' });
  const [found, expected] = [compiled(raw, mask, distances), tf.tidy(() => step(raw, mask, distances))];
  expect(found.value.dataSync()[0]).toBeCloseTo(expected.value.dataSync()[0]!, 5);
  const slopes = expected.grad.dataSync();
  expect(slopes.some((slope) => slope !== 0)).toBe(true);
  found.grad.dataSync().forEach((slope, i) => {
    expect(Math.abs(slope - slopes[i]!)).toBeLessThan(1e-6);
  });
  tf.dispose([found, expected, raw, mask, distances] as tf.TensorContainer);
  compiled.dispose();
});
