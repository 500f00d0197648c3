import { keysOf } from '../../../engine/checked.js';
import { IMAGENET } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../../family.js';
import { averagePooling, convNorm, denseTop, maxPooling, stageOf } from '../../layers/index.js';
import { ceiled, windowed } from '../../strides.js';
import { denseLayer, normed, preNormed } from './layer.js';
import { COMPRESSION, DENSENETS, type DenseNetArch, EPSILON, GROWTH, STEM_CHANNELS } from './spec.js';

export type DenseNetLevel = (typeof LEVELS)[number];
const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;

/**
 * DenseNet; parameters named as in timm and torchvision (`features.denseblock2.denselayer1.conv1.weight`).
 *
 * @source Huang et al. 2017, arXiv:1608.06993
 */
export const denseNet: Family<DenseNetArch, DenseNetLevel> = {
  archs: keysOf(DENSENETS),
  levels: LEVELS,
  outputStrides: [],
  architecture: (arch, options) => {
    const stages = [...stemOf(options), ...stagesOf(DENSENETS[arch])];
    return {
      inputPixels: 224,
      preprocessing: IMAGENET,
      activation: 'relu',
      stem: 'features.conv0',
      stages,
      top: denseTop({ channels: stages.at(-1)?.channels ?? 0, classifier: 'classifier' }),
    } satisfies Architecture<DenseNetLevel>;
  },
};

function stemOf({ inChannels }: ArchitectureOptions): readonly Stage<DenseNetLevel>[] {
  const shared = { channels: STEM_CHANNELS, stride: 2, cells: ceiled(2) };
  return [
    {
      ...shared,
      paths: ['features.conv0', 'features.norm0'],
      level: 'P1',
      tap: 'features.norm0',
      build: (parameters) => {
        const window = { kernel: 7, stride: 2, inChannels, outChannels: STEM_CHANNELS } as const;
        const norm = { names: ['conv0', 'norm0'], epsilon: EPSILON, activation: 'relu' } as const;
        return stageOf([convNorm(parameters, 'features', { ...window, ...norm })]);
      },
    },
    {
      ...shared,
      paths: [],
      level: null,
      tap: 'features.pool0',
      build: () => stageOf([maxPooling({ window: 3, stride: 2, padding: 1 })]),
    },
  ];
}

function stagesOf(blocks: readonly number[]): readonly Stage<DenseNetLevel>[] {
  let width = STEM_CHANNELS;
  return blocks.flatMap((layers, i) => {
    const inChannels = width;
    const channels = inChannels + layers * GROWTH;
    width = channels * COMPRESSION;
    const isLast = i + 1 === blocks.length;
    return [denseBlock(i, layers, inChannels, isLast), ...(isLast ? [] : [transition(i, channels)])];
  });
}

/** The last block has a norm behind it. */
function denseBlock(i: number, layers: number, inChannels: number, isLast: boolean): Stage<DenseNetLevel> {
  const path = `features.denseblock${i + 1}`;
  const channels = inChannels + layers * GROWTH;
  const norm = isLast ? ['features.norm5'] : [];
  return {
    paths: [path, ...norm],
    level: LEVELS[i + 1] ?? null,
    tap: norm[0] ?? path,
    channels,
    stride: 1,
    cells: ceiled(1),
    build: (parameters) => {
      const dense = Array.from({ length: layers }, (_, j) =>
        denseLayer(parameters, `${path}.denselayer${j + 1}`, inChannels + j * GROWTH),
      );
      return stageOf([...dense, ...norm.map((name) => normed(parameters, name, channels))]);
    },
  };
}

/** Halves the channels and the resolution. */
function transition(i: number, inChannels: number): Stage<DenseNetLevel> {
  const path = `features.transition${i + 1}`;
  const channels = inChannels * COMPRESSION;
  return {
    paths: [path],
    level: null,
    tap: path,
    channels,
    stride: 2,
    cells: windowed(2, 2, 0),
    build: (parameters) =>
      stageOf([
        preNormed(parameters, [`${path}.norm`, `${path}.conv`], { kernel: 1, inChannels, outChannels: channels }),
        averagePooling({ window: 2, stride: 2, countPadding: false }),
      ]),
  };
}
