import * as tf from '@tensorflow/tfjs-core';
import { keysOf } from '../../../engine/checked.js';
import { IMAGENET } from '../../backbone.js';
import type { ArchitectureOptions, Family, Stage, Top } from '../../family.js';
import {
  convNorm,
  dense,
  dropout,
  globalMean,
  transformerInitialiser as initialise,
  layerNorm,
  stageOf,
} from '../../layers/index.js';
import { ceiled, chained, dropPathRates } from '../../strides.js';
import { attendingBlock, poolingBlock } from './block.js';
import {
  EFFICIENTFORMERS,
  type EfficientFormerArch,
  type EfficientFormerRow,
  EPSILON as epsilon,
  INPUT_PIXELS,
} from './spec.js';

const LEVELS = ['P2', 'P3', 'P4', 'P5'] as const;
export type EfficientFormerLevel = (typeof LEVELS)[number];

/**
 * EfficientFormer: pooling mixes the cells of all maps but the last, whose end attends. Its table of distances fits
 * images of 224 pixels only. Parameters named as in timm (`stages.3.blocks.4.token_mixer.qkv.weight`).
 *
 * @source Li et al. 2022, arXiv:2206.01191
 */
export const efficientFormer: Family<EfficientFormerArch, EfficientFormerLevel> = {
  archs: keysOf(EFFICIENTFORMERS),
  levels: LEVELS,
  outputStrides: [],
  architecture: (arch, options) => {
    const row = EFFICIENTFORMERS[arch];
    return {
      inputPixels: INPUT_PIXELS,
      isFixed: true,
      preprocessing: IMAGENET,
      activation: 'gelu',
      stem: 'stem.conv1',
      stages: [stemOf(row, options), ...stagesOf(row, options)],
      top: topOf(row),
    };
  },
};

function stemOf(
  { channels: [channels] }: EfficientFormerRow,
  { inChannels }: ArchitectureOptions,
): Stage<EfficientFormerLevel> {
  const shared = { kernel: 3, stride: 2, bias: true, epsilon, activation: 'relu' } as const;
  const half = channels / 2;
  return {
    paths: ['stem'],
    level: null,
    tap: 'stem',
    channels,
    stride: 4,
    cells: chained(ceiled(2), ceiled(2)),
    build: (parameters) =>
      stageOf([
        convNorm(parameters, 'stem', { ...shared, inChannels, outChannels: half, names: ['conv1', 'norm1'] }),
        convNorm(parameters, 'stem', { ...shared, inChannels: half, outChannels: channels, names: ['conv2', 'norm2'] }),
      ]),
  };
}

function stagesOf(
  { repeats, channels: widths, attending }: EfficientFormerRow,
  options: ArchitectureOptions,
): readonly Stage<EfficientFormerLevel>[] {
  const total = repeats.reduce<number>((sum, count) => sum + count, 0);
  const rates = dropPathRates(options.dropPath, total);
  return repeats.map((count, i): Stage<EfficientFormerLevel> => {
    const channels = widths[i] ?? 0;
    const before = widths[i - 1];
    const path = `stages.${i}`;
    const [stride, built] = [before === undefined ? 1 : 2, repeats.slice(0, i).reduce<number>((a, b) => a + b, 0)];
    const pooling = i === repeats.length - 1 ? count - attending : count;
    return {
      paths: [path],
      level: LEVELS[i] ?? null,
      tap: path,
      channels,
      stride,
      cells: ceiled(stride),
      build: (parameters) => {
        const blocks = Array.from({ length: count }, (_, index) => {
          const settings = { channels, dropPath: rates[built + index] ?? 0 };
          // A place is left free where the original turns the map into a list of cells.
          return index < pooling
            ? poolingBlock(parameters, `${path}.blocks.${index}`, settings)
            : attendingBlock(parameters, `${path}.blocks.${index + 1}`, settings);
        });
        if (before === undefined) return stageOf(blocks);
        const downsample = convNorm(parameters, `${path}.downsample`, {
          kernel: 3,
          stride,
          bias: true,
          inChannels: before,
          outChannels: channels,
          epsilon,
          names: ['conv', 'norm'],
        });
        return stageOf([downsample, ...blocks]);
      },
    };
  });
}

/** Two classifiers, one of which learned from a teacher; their mean is the answer. */
function topOf({ channels: [, , , channels] }: EfficientFormerRow): Top {
  const [classifier, distilled] = ['head', 'head_dist'];
  return {
    channels,
    classifier,
    distilled,
    build: (parameters, { classes, dropout: rate }) => {
      const norm = layerNorm(parameters, 'norm', { channels, epsilon });
      const drop = dropout<tf.Tensor2D>(classifier, rate);
      const settings = { inChannels: channels, outChannels: classes, initialise };
      const heads = classes > 0 ? [classifier, distilled].map((name) => dense(parameters, name, settings)) : [];
      return ([map], pass) => {
        const features = globalMean(norm(map, pass));
        if (heads.length === 0) return features;
        const seen = drop(features, pass);
        return tf.div(tf.addN(heads.map((head) => head(seen, pass))), heads.length);
      };
    },
  };
}
