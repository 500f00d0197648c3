import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import {
  resizeAligned,
  resizeBicubic,
  resizeBilinear,
  resizeNearest,
  resizeNearestExact,
  upsampleAdd,
} from '../../../engine/kernels/index.js';
import { expectClose, type KernelCase, runKernelCases } from '../../conformance/kernel.js';
import { golden } from '../../data.js';

type Sizes = readonly [from: number, to: number];

/** Where an output pixel reads. */
type Source = (i: number, from: number, to: number) => number;
/** Half-pixel centres, clamped. */
const centred: Source = (i, from, to) => Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
/** Corners stay where they are. */
const aligned: Source = (i, from, to) => (to > 1 ? (i * (from - 1)) / (to - 1) : 0);

/** From the definition, one output value at a time. */
function bilinearLoop(
  x: readonly number[],
  [height, toHeight]: Sizes,
  [width, toWidth]: Sizes,
  source: Source = centred,
): number[] {
  const read = (n: number, y: number, xx: number, c: number): number =>
    x[((n * height + y) * width + xx) * 2 + c] as number;
  const out: number[] = [];
  for (let n = 0; n < x.length / (height * width * 2); n++) {
    for (let i = 0; i < toHeight; i++) {
      for (let j = 0; j < toWidth; j++) {
        const [sy, sx] = [source(i, height, toHeight), source(j, width, toWidth)];
        const [y0, x0] = [Math.floor(sy), Math.floor(sx)];
        const [y1, x1] = [Math.min(y0 + 1, height - 1), Math.min(x0 + 1, width - 1)];
        const [fy, fx] = [sy - y0, sx - x0];
        for (let c = 0; c < 2; c++) {
          const upper = read(n, y0, x0, c) * (1 - fx) + read(n, y0, x1, c) * fx;
          const lower = read(n, y1, x0, c) * (1 - fx) + read(n, y1, x1, c) * fx;
          out.push(upper * (1 - fy) + lower * fy);
        }
      }
    }
  }
  return out;
}

function nearestLoop(x: readonly number[], [height, toHeight]: Sizes, [width, toWidth]: Sizes, offset = 0): number[] {
  const out: number[] = [];
  for (let n = 0; n < x.length / (height * width * 2); n++) {
    for (let i = 0; i < toHeight; i++) {
      for (let j = 0; j < toWidth; j++) {
        const row = Math.floor(((i + offset) * height) / toHeight);
        const pixel = (n * height + row) * width + Math.floor(((j + offset) * width) / toWidth);
        out.push(x[pixel * 2] as number, x[pixel * 2 + 1] as number);
      }
    }
  }
  return out;
}

const SIZES: readonly (readonly [string, Sizes, Sizes])[] = [
  ['twice as large', [3, 6], [4, 8]],
  ['four times as large, not square', [2, 8], [3, 12]],
  ['odd factors', [3, 7], [5, 8]],
  ['smaller', [7, 3], [6, 4]],
  ['taller and narrower', [3, 5], [5, 2]],
  ['one pixel to many', [1, 3], [1, 4]],
  ['to one pixel', [4, 1], [3, 1]],
  ['the same size', [3, 3], [2, 2]],
];

const cases = (
  resize: (x: tf.Tensor4D, height: number, width: number) => tf.Tensor4D,
  loop?: (x: readonly number[], rows: Sizes, columns: Sizes) => number[],
): KernelCase[] =>
  SIZES.map(([name, rows, columns]) => ({
    name,
    inputs: { x: { shape: [2, rows[0], columns[0], 2] } },
    run: ({ x }) => resize(x as tf.Tensor4D, rows[1], columns[1]),
    ...(loop && { expected: ({ x = [] }) => [loop(x, rows, columns)] }),
    differentiable: ['x'],
  }));

runKernelCases('resizeBilinear', cases(resizeBilinear, bilinearLoop));
runKernelCases(
  'resizeAligned',
  cases(resizeAligned, (x, rows, columns) => bilinearLoop(x, rows, columns, aligned)),
);
runKernelCases('resizeNearest', cases(resizeNearest, nearestLoop));
runKernelCases(
  'resizeNearestExact',
  cases(resizeNearestExact, (x, rows, columns) => nearestLoop(x, rows, columns, 0.5)),
);
runKernelCases('resizeBicubic as PyTorch', cases(resizeBicubic));
runKernelCases(
  'resizeBicubic as TensorFlow',
  cases((x, height, width) => resizeBicubic(x, height, width, 'tensorflow')),
);

runKernelCases(
  'upsampleAdd',
  SIZES.filter(([, rows, columns]) => rows[1] >= rows[0] && columns[1] >= columns[0]).map(([name, rows, columns]) => ({
    name,
    inputs: { small: { shape: [2, rows[0], columns[0], 2] }, large: { shape: [2, rows[1], columns[1], 2] } },
    run: ({ small, large }) => upsampleAdd(small as tf.Tensor4D, large as tf.Tensor4D),
    expected: ({ small = [], large = [] }) => [
      nearestLoop(small, rows, columns).map((value, i) => value + (large[i] as number)),
    ],
    differentiable: ['small', 'large'],
  })),
);

describe('upsampleAdd', () => {
  it('refuses maps of other channels, or the smaller one second', () => {
    const map = (size: number, channels: number): tf.Tensor4D => tf.zeros([1, size, size, channels]);
    expect(() => upsampleAdd(map(2, 3), map(4, 4))).toThrow('[1,4,4,4]');
    expect(() => upsampleAdd(map(4, 3), map(2, 3))).toThrow('larger grid');
  });
});

/** Resized sin(i + 1) of two libraries. */
interface ResizeGolden {
  readonly library: 'torch' | 'tensorflow';
  readonly mode: 'nearest' | 'nearest-exact' | 'bilinear' | 'bicubic';
  readonly size: readonly [number, number];
  readonly value: readonly number[];
}
const RESIZES = {
  'torch nearest': resizeNearest,
  'torch nearest-exact': resizeNearestExact,
  'torch bilinear': resizeBilinear,
  'torch bicubic': resizeBicubic,
  'tensorflow nearest': resizeNearestExact,
  'tensorflow bilinear': resizeBilinear,
  'tensorflow bicubic': (x: tf.Tensor4D, height: number, width: number) =>
    resizeBicubic(x, height, width, 'tensorflow'),
} as const;

describe('resizing as other libraries', () => {
  const { map, interpolate } = golden<{ map: number[]; interpolate: ResizeGolden[] }>('engine/kernels.json.gz');
  for (const { library, mode, size, value } of interpolate) {
    it(`${library}'s ${mode} to [${size}]`, () => {
      const x = tf.tensor(
        Array.from({ length: map.reduce((product, length) => product * length, 1) }, (_, i) => Math.sin(i + 1)),
        map,
      );
      const resize = RESIZES[`${library} ${mode}` as keyof typeof RESIZES];
      // TensorFlow reads its cubic from a table of 1024 steps.
      const tolerance = library === 'tensorflow' && mode === 'bicubic' ? 3e-3 : 2e-6;
      expectClose(Array.from(resize(x as tf.Tensor4D, size[0], size[1]).dataSync()), value, tolerance);
    });
  }
});
