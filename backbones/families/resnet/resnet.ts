import { keysOf } from '../../../engine/checked.js';
import { IMAGENET } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../../family.js';
import { denseTop, maxPooling, stageOf } from '../../layers/index.js';
import { blockPlaces } from '../../places.js';
import { ceiled, strided } from '../../strides.js';
import { block, stem } from './block.js';
import { EXPANSION, RESNETS, type ResNetArch, type ResNetRow, WIDTHS } from './spec.js';

export type ResNetLevel = (typeof LEVELS)[number];
const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;

/**
 * ResNet; parameters named as in timm and torchvision (`layer2.0.conv1.weight`).
 *
 * @source He et al. 2016, arXiv:1512.03385
 */
export const resNet: Family<ResNetArch, ResNetLevel> = {
  archs: keysOf(RESNETS),
  levels: LEVELS,
  outputStrides: [8, 16],
  architecture: (arch, options) => {
    const stages = [...stemOf(RESNETS[arch], options), ...stagesOf(RESNETS[arch], options)];
    const channels = stages.at(-1)?.channels ?? 0;
    return {
      inputPixels: 224,
      preprocessing: IMAGENET,
      activation: 'relu',
      stem: 'conv1',
      stages,
      top: denseTop({ channels, classifier: 'fc' }),
    } satisfies Architecture<ResNetLevel>;
  },
};

function stemOf(row: ResNetRow, { inChannels }: ArchitectureOptions): readonly Stage<ResNetLevel>[] {
  const shared = { channels: WIDTHS[0], stride: 2, cells: ceiled(2) };
  return [
    {
      ...shared,
      paths: ['conv1', 'bn1'],
      level: 'P1',
      tap: 'act1',
      build: (parameters) => stageOf([stem(parameters, row, inChannels, WIDTHS[0])]),
    },
    {
      ...shared,
      paths: [],
      level: null,
      tap: 'maxpool',
      build: () => stageOf([maxPooling({ window: 3, stride: 2, padding: 1 })]),
    },
  ];
}

function stagesOf(row: ResNetRow, options: ArchitectureOptions): readonly Stage<ResNetLevel>[] {
  const { outputStride, dropPath, dilatesWholeStages } = options;
  const stages = strided([1, 2, 2, 2], 4, outputStride, dilatesWholeStages).map((stage, i) => ({
    ...stage,
    repeats: row.repeats[i] ?? 0,
    channels: (WIDTHS[i] ?? 0) * EXPANSION[row.block],
  }));
  return blockPlaces(stages, WIDTHS[0], dropPath).map((places, i): Stage<ResNetLevel> => {
    const { channels = 0, stride = 1 } = stages[i] ?? {};
    const path = `layer${i + 1}`;
    return {
      paths: [path],
      level: LEVELS[i + 1] ?? null,
      tap: path,
      channels,
      stride,
      cells: ceiled(stride),
      build: (parameters) => stageOf(places.map((place) => block(parameters, `${path}.${place.index}`, row, place))),
    };
  });
}
