import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { cropAndResize, type RoiAlignOptions, roiAlign, type Size } from '../../../engine/kernels/index.js';
import { expectClose, runKernelCases } from '../../conformance/kernel.js';
import { golden } from '../../data.js';

/** torchvision's RoIAlign and TensorFlow's crop_and_resize, input sin(i + 1). */
interface Goldens {
  readonly features: [number, number, number, number];
  readonly rois: readonly (readonly number[])[];
  readonly roiAlign: readonly {
    readonly outputSize: Size;
    readonly samplingRatio: number;
    readonly aligned: boolean;
    readonly value: readonly number[];
  }[];
  readonly crops: {
    readonly boxes: number[][];
    readonly items: number[];
    readonly cases: readonly { readonly size: Size; readonly method: string; readonly value: readonly number[] }[];
  };
}
const goldens = golden<Goldens>('engine/kernels.json.gz');

const features = (): tf.Tensor4D => {
  const size = goldens.features.reduce((product, length) => product * length, 1);
  const values = Array.from({ length: size }, (_, i) => Math.sin(i + 1));
  return tf.tensor4d(values, goldens.features);
};
const boxesOf = (rows: readonly (readonly number[])[]): tf.Tensor2D => tf.tensor2d(rows.map((row) => [...row]));
const itemsOf = (items: readonly number[]): tf.Tensor1D => tf.tensor1d([...items], 'int32');

const ROIS = boxesOf(goldens.rois.map((row) => row.slice(1)));
const ITEMS = itemsOf(goldens.rois.map((row) => row[0] as number));

describe('roiAlign', () => {
  for (const { outputSize, samplingRatio, aligned, value } of goldens.roiAlign) {
    it(`equals torchvision: [${outputSize}], ${samplingRatio} samples, aligned ${aligned}`, () => {
      const options: RoiAlignOptions = { size: outputSize, scale: 0.25, samples: samplingRatio, aligned };
      const cells = roiAlign(features(), ROIS, ITEMS, options);
      expect(cells.shape).toEqual([5, ...outputSize, 3]);
      expectClose(Array.from(cells.dataSync()), value, 2e-5);
    });
  }

  it('refuses a number of samples that depends on the box', () => {
    expect(() => roiAlign(features(), ROIS, ITEMS, { size: [2, 2], scale: 1, samples: -1 })).toThrow('-1 samples');
  });
});

describe('cropAndResize', () => {
  const { boxes, items, cases } = goldens.crops;
  for (const { size, value } of cases.filter(({ method }) => method === 'bilinear')) {
    it(`equals TensorFlow: [${size}], boxes that leave the map and turned ones among them`, () => {
      const crops = cropAndResize(features(), boxesOf(boxes), itemsOf(items), size);
      expectClose(Array.from(crops.dataSync()), value, 2e-5);
    });
  }

  it('refuses boxes without items', () => {
    expect(() => cropAndResize(features(), boxesOf(boxes), itemsOf([0]), [2, 2])).toThrow('[R, 4] and [R]');
  });
});

const crossing = [
  [0.1, 0.2, 0.8, 0.9],
  [-0.3, 0.1, 1.3, 0.6],
  [0.9, 0.8, 0.2, 0.1],
];
runKernelCases('gradients of crops', [
  ...(
    [
      [3, 4],
      [1, 1],
      [2, 5],
    ] as const
  ).map((size) => ({
    name: `cropAndResize to [${size}]`,
    inputs: { x: { shape: [2, 4, 5, 2] } },
    run: ({ x }: { readonly [name: string]: tf.Tensor }) =>
      cropAndResize(x as tf.Tensor4D, boxesOf(crossing), itemsOf([0, 1, 1]), size),
    differentiable: ['x'],
  })),
  {
    name: 'roiAlign over the edges',
    inputs: { x: { shape: [2, 4, 5, 2] } },
    run: ({ x }) =>
      roiAlign(
        x as tf.Tensor4D,
        boxesOf([
          [-3, 2, 9, 14],
          [4, 4, 24, 20],
        ]),
        itemsOf([1, 0]),
        { size: [2, 3], scale: 0.25, samples: 2 },
      ),
    differentiable: ['x'],
  },
]);
