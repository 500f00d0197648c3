import type * as tf from '@tensorflow/tfjs';
import { resizeBilinear, resizeNearest } from '../../../engine/kernels/index.js';
import { type KernelCase, runKernelCases } from '../../conformance/kernel.js';

type Sizes = readonly [from: number, to: number];

/** Half-pixel centres, clamped; from the definition, one output value at a time. */
function bilinearLoop(x: readonly number[], [height, toHeight]: Sizes, [width, toWidth]: Sizes): number[] {
  const read = (n: number, y: number, xx: number, c: number): number =>
    x[((n * height + y) * width + xx) * 2 + c] as number;
  const source = (i: number, from: number, to: number): number =>
    Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
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

function nearestLoop(x: readonly number[], [height, toHeight]: Sizes, [width, toWidth]: Sizes): number[] {
  const out: number[] = [];
  for (let n = 0; n < x.length / (height * width * 2); n++) {
    for (let i = 0; i < toHeight; i++) {
      for (let j = 0; j < toWidth; j++) {
        const pixel = (n * height + Math.floor((i * height) / toHeight)) * width + Math.floor((j * width) / toWidth);
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
  loop: typeof bilinearLoop,
): KernelCase[] =>
  SIZES.map(([name, rows, columns]) => ({
    name,
    inputs: { x: { shape: [2, rows[0], columns[0], 2] } },
    run: ({ x }) => resize(x as tf.Tensor4D, rows[1], columns[1]),
    expected: ({ x = [] }) => [loop(x, rows, columns)],
    differentiable: ['x'],
  }));

runKernelCases('resizeBilinear', cases(resizeBilinear, bilinearLoop));
runKernelCases('resizeNearest', cases(resizeNearest, nearestLoop));
