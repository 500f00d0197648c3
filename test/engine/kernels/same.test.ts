import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { conv2d, depthwiseConv2d, maxPool } from '../../../engine/kernels/index.js';
import { expectClose } from '../../conformance/kernel.js';
import { golden } from '../../data.js';

/** timm's SAME convolutions and pooling; map and filters are sin(i + 1). */
interface SameGolden {
  readonly size: readonly [number, number];
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly conv?: readonly number[];
  readonly depthwise?: readonly number[];
  readonly maxPool?: readonly number[];
}

const wave = (...shape: [number, number, number, number]): tf.Tensor4D => {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor4d(
    Array.from({ length: size }, (_, i) => Math.sin(i + 1)),
    shape,
  );
};

describe('padding `same` as timm', () => {
  for (const { size, kernel, stride, dilation, ...wanted } of golden<{ same: SameGolden[] }>('engine/kernels.json.gz')
    .same) {
    const layout = { stride: [stride, stride], padding: 'same', dilation: [dilation, dilation] } as const;
    const results = {
      conv: (x: tf.Tensor4D) => conv2d(x, wave(kernel, kernel, 2, 3), layout),
      depthwise: (x: tf.Tensor4D) => depthwiseConv2d(x, wave(kernel, kernel, 2, 1), layout),
      maxPool: (x: tf.Tensor4D) => maxPool(x, [kernel, kernel], layout.stride, 'same'),
    };
    for (const [name, value] of Object.entries(wanted)) {
      it(`${name} of ${kernel} by ${stride} on [${size}], dilation ${dilation}`, () => {
        const result = results[name as keyof typeof results](wave(1, size[0], size[1], 2));
        expectClose(Array.from(result.dataSync()), value, 1e-5);
      });
    }
  }
});
