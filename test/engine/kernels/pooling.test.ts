import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { avgPool, maxPool, type Padding, type Size } from '../../../engine/kernels/index.js';
import { expectClose, runKernelCases } from '../../conformance/kernel.js';
import { golden } from '../../data.js';

interface Layout {
  readonly name: string;
  readonly size: Size;
  readonly window: Size;
  readonly stride: Size;
  readonly padding: Padding;
}

const LAYOUTS: readonly Layout[] = [
  { name: 'same padding, stride 2, odd size', size: [5, 7], window: [3, 3], stride: [2, 2], padding: 'same' },
  { name: 'same padding, even window', size: [4, 5], window: [2, 2], stride: [1, 1], padding: 'same' },
  { name: 'valid, windows apart', size: [7, 5], window: [2, 2], stride: [3, 2], padding: 'valid' },
  { name: 'a tall window', size: [6, 4], window: [3, 1], stride: [1, 2], padding: 'same' },
];
const PADDED: Layout = {
  name: 'one pixel on each side',
  size: [5, 6],
  window: [3, 3],
  stride: [2, 2],
  padding: [1, 1, 1, 1],
};

/** The values each window covers, for 2 images and 2 channels, in output order. */
function windows(x: readonly number[], { size, window, stride, padding }: Layout): number[][] {
  const axis = (a: 0 | 1): [number, number] => {
    if (padding === 'valid') return [0, Math.floor((size[a] - window[a]) / stride[a]) + 1];
    if (padding === 'same') {
      const out = Math.ceil(size[a] / stride[a]);
      return [Math.floor(Math.max(0, (out - 1) * stride[a] + window[a] - size[a]) / 2), out];
    }
    const [before, after] = a === 0 ? [padding[0], padding[1]] : [padding[2], padding[3]];
    return [before, Math.floor((size[a] + before + after - window[a]) / stride[a]) + 1];
  };
  const [[top, outHeight], [left, outWidth]] = [axis(0), axis(1)];
  const found: number[][] = [];
  for (let output = 0; output < 2 * outHeight * outWidth * 2; output++) {
    const c = output % 2;
    const column = Math.floor(output / 2) % outWidth;
    const row = Math.floor(output / 2 / outWidth) % outHeight;
    const image = Math.floor(output / 2 / outWidth / outHeight);
    const covered: number[] = [];
    for (let i = 0; i < window[0]; i++) {
      for (let j = 0; j < window[1]; j++) {
        const y = row * stride[0] - top + i;
        const xx = column * stride[1] - left + j;
        if (y < 0 || y >= size[0] || xx < 0 || xx >= size[1]) continue;
        covered.push(x[((image * size[0] + y) * size[1] + xx) * 2 + c] as number);
      }
    }
    found.push(covered);
  }
  return found;
}

runKernelCases(
  'maxPool',
  [...LAYOUTS, PADDED].map((layout) => ({
    name: layout.name,
    inputs: { x: { shape: [2, ...layout.size, 2] } },
    run: ({ x }) => maxPool(x as tf.Tensor4D, layout.window, layout.stride, layout.padding),
    expected: ({ x = [] }) => [windows(x, layout).map((covered) => Math.max(...covered))],
    differentiable: ['x'],
  })),
);

runKernelCases(
  'avgPool',
  LAYOUTS.map((layout) => ({
    name: layout.name,
    inputs: { x: { shape: [2, ...layout.size, 2] } },
    run: ({ x }) => avgPool(x as tf.Tensor4D, layout.window, layout.stride, layout.padding as 'same' | 'valid'),
    expected: ({ x = [] }) => [windows(x, layout).map((covered) => covered.reduce((a, b) => a + b) / covered.length)],
    differentiable: ['x'],
  })),
);

/** PyTorch's pooling of one map, input sin(i + 1). */
interface PoolGolden {
  readonly kind: 'max' | 'avg';
  readonly window: Size;
  readonly stride: Size;
  readonly pad: Size;
  readonly ceil: boolean;
  readonly countPadding?: boolean;
  readonly shape: readonly number[];
  readonly value: readonly number[];
}
const { map, pools } = golden<{ map: number[]; pools: PoolGolden[] }>('engine/kernels.json.gz');

const poolAs = (x: tf.Tensor, { kind, window, stride, pad: [y, xx], ceil, countPadding = false }: PoolGolden) =>
  kind === 'max'
    ? maxPool(x as tf.Tensor4D, window, stride, [y, y, xx, xx], { ceil })
    : avgPool(x as tf.Tensor4D, window, stride, [y, y, xx, xx], { ceil, countPadding });

describe('pooling as PyTorch', () => {
  const size = map.reduce((product, length) => product * length, 1);
  for (const pool of pools) {
    const { kind, window, stride, pad, ceil, countPadding } = pool;
    it(`${kind} [${window}] by [${stride}], padding [${pad}], ceil ${ceil}, counting padding ${countPadding}`, () => {
      const x = tf.tensor(
        Array.from({ length: size }, (_, i) => Math.sin(i + 1)),
        map,
      );
      const pooled = poolAs(x, pool);
      expect(pooled.shape).toEqual(pool.shape);
      expectClose(Array.from(pooled.dataSync()), pool.value, 1e-6);
    });
  }
});

runKernelCases(
  'pooling with explicit padding',
  pools
    .filter(({ window, ceil, countPadding }) => window[0] === 3 && window[1] === 2 && (ceil || countPadding))
    .map((pool) => ({
      name: `${pool.kind}, ceil ${pool.ceil}, counting padding ${pool.countPadding}`,
      inputs: { x: { shape: [2, 5, 6, 2] } },
      run: ({ x }) => poolAs(x as tf.Tensor, pool),
      differentiable: ['x'],
    })),
);

describe('maxPool', () => {
  it('finds the largest of all-negative windows, and sends the gradient there', () => {
    const x = tf.tensor4d([-5, -3, -4, -9], [1, 2, 2, 1]);
    expect(maxPool(x, [2, 2], [2, 2], 'valid').dataSync()[0]).toBe(-3);
    const gradient = tf.grad((input) => maxPool(input as tf.Tensor4D, [2, 2], [2, 2], 'valid'))(x);
    expect(Array.from(gradient.dataSync())).toEqual([0, 1, 0, 0]);
  });

  it('refuses padding as wide as the window', () => {
    expect(() => maxPool(tf.zeros([1, 4, 4, 1]), [2, 2], [2, 2], [2, 0, 0, 0])).toThrow('needs less');
  });
});
