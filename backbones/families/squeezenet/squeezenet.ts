import type * as tf from '@tensorflow/tfjs-core';
import { IMAGENET } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage, Top } from '../../family.js';
import {
  ACTIVATIONS,
  convolution,
  dropout,
  globalMean,
  joined,
  type MapLayer,
  maxPooling,
  sequence,
  stageOf,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { windowed } from '../../strides.js';
import { type FireRow, POOLING, STAGES, STEM_CHANNELS } from './spec.js';

export type SqueezeNetLevel = (typeof LEVELS)[number];
/** It halves four times only. */
const LEVELS = ['P1', 'P2', 'P3', 'P4'] as const;
const CHANNELS = 2 * (STAGES.at(-1)?.at(-1)?.expand ?? 0);

/**
 * SqueezeNet 1.1; parameters named as in torchvision (`features.3.squeeze.weight`).
 *
 * @source Iandola et al. 2016, arXiv:1602.07360
 */
export const squeezeNet: Family<'squeezenet1_1', SqueezeNetLevel> = {
  archs: ['squeezenet1_1'],
  levels: LEVELS,
  outputStrides: [],
  architecture: (_, options) =>
    ({
      inputPixels: 224,
      preprocessing: IMAGENET,
      activation: 'relu',
      stem: 'features.0',
      stages: [stemOf(options), ...STAGES.flatMap((rows, i) => stageOfRows(rows, i))],
      top,
    }) satisfies Architecture<SqueezeNetLevel>,
};

function stemOf({ inChannels }: ArchitectureOptions): Stage<SqueezeNetLevel> {
  const window = { kernel: 3, stride: 2, padding: 'valid', bias: true } as const;
  return {
    paths: ['features.0'],
    level: 'P1',
    tap: 'features.1',
    channels: STEM_CHANNELS,
    stride: 2,
    cells: windowed(3, 2, 0),
    build: (parameters) =>
      stageOf([
        convolution(parameters, 'features.0', { ...window, inChannels, outChannels: STEM_CHANNELS }),
        ACTIVATIONS.relu,
      ]),
  };
}

function stageOfRows(rows: readonly FireRow[], i: number): readonly Stage<SqueezeNetLevel>[] {
  const [first = 0] = rows.map(({ index }) => index);
  const last = rows.at(-1);
  const before = i === 0 ? STEM_CHANNELS : 2 * (STAGES[i - 1]?.at(-1)?.expand ?? 0);
  const { window, stride } = POOLING;
  return [
    {
      paths: [],
      level: null,
      tap: `features.${first - 1}`,
      channels: before,
      stride,
      cells: windowed(window, stride, 0, true),
      build: () => stageOf([maxPooling(POOLING)]),
    },
    {
      paths: rows.map(({ index }) => `features.${index}`),
      level: LEVELS[i + 1] ?? null,
      tap: `features.${last?.index}`,
      channels: 2 * (last?.expand ?? 0),
      stride: 1,
      cells: (cells) => cells,
      build: (parameters) =>
        stageOf(rows.map((row, j) => fire(parameters, row, j === 0 ? before : 2 * (rows[j - 1]?.expand ?? 0)))),
    },
  ];
}

/** @source Iandola et al. 2016, figure 1 */
function fire(parameters: Parameters, { index, squeeze, expand }: FireRow, inChannels: number): MapLayer {
  const part = (name: string, kernel: number, from: number, to: number): MapLayer => {
    const window = { kernel, stride: 1, padding: 'symmetric', bias: true } as const;
    const path = `features.${index}.${name}`;
    const convolve = convolution(parameters, path, { ...window, inChannels: from, outChannels: to });
    return sequence([convolve, ACTIVATIONS.relu]);
  };
  return sequence([
    part('squeeze', 1, inChannels, squeeze),
    joined([part('expand1x1', 1, squeeze, expand), part('expand3x3', 3, squeeze, expand)]),
  ]);
}

/** A class map per class, averaged: the classifier is a convolution. */
const top: Top = {
  channels: CHANNELS,
  classifier: 'classifier.1',
  build: (parameters, { classes, dropout: rate }) => {
    const window = { kernel: 1, stride: 1, padding: 'valid', bias: true } as const;
    const drop = dropout<tf.Tensor4D>('classifier', rate);
    if (classes === 0) return ([map]) => globalMean(map);
    const classify = convolution(parameters, 'classifier.1', { ...window, inChannels: CHANNELS, outChannels: classes });
    return ([map], pass) => globalMean(ACTIVATIONS.relu(classify(drop(map, pass), pass)));
  },
};
