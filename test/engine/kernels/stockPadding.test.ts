import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { avgPool, maxPool } from '../../../engine/kernels/index.js';
import { expectClose, type KernelCase, randomValues, runKernelCases } from '../../conformance/kernel.js';

/** Padding in pixels, as plain tfjs takes it, and its four sides. */
const PADDINGS = [
  [1, [1, 1, 1, 1]],
  [
    [
      [0, 0],
      [0, 1],
      [2, 1],
      [0, 0],
    ],
    [0, 1, 2, 1],
  ],
] as const satisfies readonly (readonly [number | tf.backend_util.ExplicitPadding, readonly number[]])[];
type Pad = (typeof PADDINGS)[number][0];
const copy = (pad: Pad): number | tf.backend_util.ExplicitPadding =>
  typeof pad === 'number' ? pad : (pad.map((pair) => [...pair]) as tf.backend_util.ExplicitPadding);

const cases = PADDINGS.flatMap(([pad]) =>
  [1, 2].flatMap((stride): KernelCase[] => [
    {
      name: `conv2d, stride ${stride}, padding ${JSON.stringify(pad)}`,
      inputs: { x: { shape: [2, 5, 6, 2] }, filter: { shape: [3, 3, 2, 2] } },
      run: ({ x, filter }) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, copy(pad)),
      differentiable: ['x', 'filter'],
    },
    {
      name: `depthwiseConv2d, stride ${stride}, padding ${JSON.stringify(pad)}`,
      inputs: { x: { shape: [2, 5, 6, 2] }, filter: { shape: [3, 3, 2, 2] } },
      run: ({ x, filter }) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, stride, copy(pad)),
      differentiable: ['x', 'filter'],
    },
    ...(['avgPool', 'maxPool'] as const).map((kind) => ({
      name: `${kind}, stride ${stride}, padding ${JSON.stringify(pad)}`,
      inputs: { x: { shape: [2, 5, 6, 2] } },
      run: ({ x }: { readonly [name: string]: tf.Tensor }) => pool(kind)(x as tf.Tensor4D, 3, stride, copy(pad)),
      differentiable: ['x'],
    })),
  ]),
);

function pool(kind: 'avgPool' | 'maxPool'): typeof tf.avgPool {
  return kind === 'avgPool' ? tf.avgPool : tf.maxPool;
}

runKernelCases('stock ops with padding in pixels', cases);

describe('padding in pixels of plain tfjs', () => {
  const x = (): tf.Tensor4D => tf.tensor4d(randomValues([1, 6, 7, 2], 1), [1, 6, 7, 2]);
  const filter = (): tf.Tensor4D => tf.tensor4d(randomValues([3, 3, 2, 2], 2), [3, 3, 2, 2]);
  const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

  for (const [pad, [top, bottom, left, right]] of PADDINGS) {
    it(`${JSON.stringify(pad)} adds zeros to convolutions, and nothing that counts to poolings`, () => {
      const border: [number, number][] = [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ];
      const wide = tf.pad(x(), border) as tf.Tensor4D;
      expectClose(values(tf.conv2d(x(), filter(), 2, copy(pad))), values(tf.conv2d(wide, filter(), 2, 'valid')), 1e-6);
      const depthwise = values(tf.depthwiseConv2d(wide, filter(), 2, 'valid'));
      expectClose(values(tf.depthwiseConv2d(x(), filter(), 2, copy(pad))), depthwise, 1e-6);
      const bias = tf.tensor1d([0.5, -0.5]);
      const fused = { x: x(), filter: filter(), strides: 1, bias, activation: 'relu' } as const;
      const wanted = tf.relu(tf.add(tf.conv2d(wide, filter(), 1, 'valid'), bias));
      expectClose(values(tf.fused.conv2d({ ...fused, pad: copy(pad) })), values(wanted), 1e-6);
      for (const [kind, ours] of [
        ['avgPool', avgPool],
        ['maxPool', maxPool],
      ] as const) {
        const expected = ours(x(), [3, 3], [2, 2], [top, bottom, left, right]);
        expectClose(values(pool(kind)(x(), 3, 2, copy(pad))), values(expected), 1e-6);
      }
    });
  }

  it('follows the rounding of sizes that is asked for', () => {
    expect(tf.maxPool(x(), 2, 2, 0, 'ceil').shape).toEqual([1, 3, 4, 2]);
    expect(tf.maxPool(x(), 2, 2, 0, 'floor').shape).toEqual([1, 3, 3, 2]);
  });
});
