import { keysOf } from '../../../engine/checked.js';
import { IMAGENET } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../../family.js';
import { convNorm, denseTop, stageOf } from '../../layers/index.js';
import { blockPlaces } from '../../places.js';
import { ceiled, strided } from '../../strides.js';
import { block } from './block.js';
import { EPSILON, REGNETS, type RegNetArch, type RegNetRow, regNetStages, STEM_CHANNELS } from './spec.js';

export type RegNetLevel = (typeof LEVELS)[number];
const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;

/**
 * RegNet-Y; parameters named as in timm (`s2.b1.conv2.conv.weight`).
 *
 * @source Radosavovic et al. 2020, arXiv:2003.13678
 */
export const regNet: Family<RegNetArch, RegNetLevel> = {
  archs: keysOf(REGNETS),
  levels: LEVELS,
  outputStrides: [8, 16],
  architecture: (arch, options) => {
    const stages = [stemOf(options), ...stagesOf(REGNETS[arch], options)];
    return {
      inputPixels: 224,
      preprocessing: IMAGENET,
      activation: 'relu',
      stem: 'stem.conv',
      stages,
      top: denseTop({ channels: stages.at(-1)?.channels ?? 0, classifier: 'head.fc' }),
    } satisfies Architecture<RegNetLevel>;
  },
};

function stemOf({ inChannels }: ArchitectureOptions): Stage<RegNetLevel> {
  const outChannels = STEM_CHANNELS;
  return {
    paths: ['stem'],
    level: 'P1',
    tap: 'stem',
    channels: outChannels,
    stride: 2,
    cells: ceiled(2),
    build: (parameters) => {
      const norm = { epsilon: EPSILON, activation: 'relu' } as const;
      return stageOf([convNorm(parameters, 'stem', { kernel: 3, stride: 2, inChannels, outChannels, ...norm })]);
    },
  };
}

function stagesOf(row: RegNetRow, { outputStride, dropPath }: ArchitectureOptions): readonly Stage<RegNetLevel>[] {
  const rows = regNetStages(row);
  const strides = strided(
    rows.map(() => 2),
    2,
    outputStride,
  );
  const stages = strides.map((stage, i) => ({ repeats: 0, channels: 0, ...rows[i], ...stage }));
  return blockPlaces(stages, STEM_CHANNELS, dropPath).map((places, i): Stage<RegNetLevel> => {
    const { channels = 0, stride = 1 } = stages[i] ?? {};
    const path = `s${i + 1}`;
    return {
      paths: [path],
      level: LEVELS[i + 1] ?? null,
      tap: path,
      channels,
      stride,
      cells: ceiled(stride),
      build: (parameters) =>
        stageOf(places.map((place) => block(parameters, `${path}.b${place.index + 1}`, row.group, place))),
    };
  });
}
