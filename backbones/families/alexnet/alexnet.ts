import * as tf from '@tensorflow/tfjs-core';
import { IMAGENET } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage, Top } from '../../family.js';
import {
  ACTIVATIONS,
  adaptiveMean,
  convolution,
  dense,
  dropout,
  type MapLayer,
  maxPooling,
  stageOf,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { chained, windowed } from '../../strides.js';
import { type AlexNetRow, POOLING, STAGES, TOP } from './spec.js';

export type AlexNetLevel = (typeof LEVELS)[number];
const LEVELS = ['P2', 'P3', 'P4', 'P5'] as const;

/**
 * AlexNet; parameters named as in torchvision (`features.3.weight`, `classifier.6.bias`). Each level is the map before a
 * pooling, P5 what the last pooling gives.
 *
 * @source Krizhevsky 2014, arXiv:1404.5997
 */
export const alexNet: Family<'alexnet', AlexNetLevel> = {
  archs: ['alexnet'],
  levels: LEVELS,
  outputStrides: [],
  architecture: (_, options) =>
    ({
      inputPixels: 224,
      preprocessing: IMAGENET,
      activation: 'relu',
      stem: 'features.0',
      stages: STAGES.flatMap((rows, i) => stageOfRows(rows, i, options)),
      top,
    }) satisfies Architecture<AlexNetLevel>,
};

function stageOfRows(
  rows: readonly AlexNetRow[],
  i: number,
  options: ArchitectureOptions,
): readonly Stage<AlexNetLevel>[] {
  const { index = 0, channels = 0 } = rows.at(-1) ?? {};
  const stride = rows.reduce((product, row) => product * row.stride, 1);
  const cells = chained(...rows.map((row) => windowed(row.kernel, row.stride, row.padding)));
  const before = i === 0 ? options.inChannels : (STAGES[i - 1]?.at(-1)?.channels ?? 0);
  const { window, stride: step } = POOLING;
  return [
    {
      paths: rows.map((row) => `features.${row.index}`),
      level: LEVELS[i] ?? null,
      tap: `features.${index + 1}`,
      channels,
      stride,
      cells,
      build: (parameters) => stageOf(rows.flatMap((row, j) => unit(parameters, row, rows[j - 1]?.channels ?? before))),
    },
    {
      paths: [],
      level: i + 1 === STAGES.length ? 'P5' : null,
      tap: `features.${index + 2}`,
      channels,
      stride: step,
      cells: windowed(window, step, 0),
      build: () => stageOf([maxPooling(POOLING)]),
    },
  ];
}

function unit(parameters: Parameters, row: AlexNetRow, inChannels: number): readonly MapLayer[] {
  const { index, kernel, stride, padding, channels } = row;
  const window = { kernel, stride, padding, bias: true, inChannels, outChannels: channels };
  return [convolution(parameters, `features.${index}`, window), ACTIVATIONS.relu];
}

const top: Top = {
  channels: TOP.channels,
  classifier: 'classifier.6',
  build: (parameters, { classes, dropout: rate }) => {
    const { channels, cells } = TOP;
    const flat = (STAGES.at(-1)?.at(-1)?.channels ?? 0) * cells * cells;
    const first = dense(parameters, 'classifier.1', { inChannels: flat, outChannels: channels });
    const second = dense(parameters, 'classifier.4', { inChannels: channels, outChannels: channels });
    const last = classes > 0 ? dense(parameters, 'classifier.6', { inChannels: channels, outChannels: classes }) : null;
    const [dropMap, dropHidden] = ['classifier.0', 'classifier.3'].map((name) => dropout<tf.Tensor2D>(name, rate));
    return ([map], pass) => {
      const planes = tf.transpose(adaptiveMean(map, [cells, cells]), [0, 3, 1, 2]); // [N, C, 6, 6]
      const values = tf.reshape<tf.Rank.R2>(planes, [map.shape[0], flat]);
      const hidden = tf.relu(first(dropMap?.(values, pass) ?? values, pass));
      const features = tf.relu(second(dropHidden?.(hidden, pass) ?? hidden, pass));
      return last ? last(features, pass) : features;
    };
  },
};
