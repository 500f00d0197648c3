import { keysOf } from '../../../engine/checked.js';
import { IMAGENET } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../../family.js';
import { convNorm, denseTop, maxPooling, stageOf } from '../../layers/index.js';
import { blockPlaces } from '../../places.js';
import { ceiled } from '../../strides.js';
import { EPSILON, REPEATS, SHUFFLENETS, type ShuffleNetArch, STEM_CHANNELS } from './spec.js';
import { unit } from './unit.js';

export type ShuffleNetLevel = (typeof LEVELS)[number];
const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;
const NORM = { names: ['0', '1'], epsilon: EPSILON, activation: 'relu' } as const;

/**
 * ShuffleNetV2; parameters named as in torchvision (`stage2.0.branch1.0.weight`).
 *
 * @source Ma et al. 2018, arXiv:1807.11164
 */
export const shuffleNet: Family<ShuffleNetArch, ShuffleNetLevel> = {
  archs: keysOf(SHUFFLENETS),
  levels: LEVELS,
  outputStrides: [],
  architecture: (arch, options) => {
    const [inChannels, channels] = SHUFFLENETS[arch].slice(-2) as [number, number];
    const last = { kernel: 1, inChannels, outChannels: channels, ...NORM };
    return {
      inputPixels: 224,
      preprocessing: IMAGENET,
      activation: 'relu',
      stem: 'conv1.0',
      stages: [...stemOf(options), ...stagesOf(arch)],
      top: denseTop({ channels, classifier: 'fc', before: (parameters) => convNorm(parameters, 'conv5', last) }),
    } satisfies Architecture<ShuffleNetLevel>;
  },
};

function stemOf({ inChannels }: ArchitectureOptions): readonly Stage<ShuffleNetLevel>[] {
  const shared = { channels: STEM_CHANNELS, stride: 2, cells: ceiled(2) };
  const window = { kernel: 3, stride: 2, inChannels, outChannels: STEM_CHANNELS };
  return [
    {
      ...shared,
      paths: ['conv1'],
      level: 'P1',
      tap: 'conv1',
      build: (parameters) => stageOf([convNorm(parameters, 'conv1', { ...window, ...NORM })]),
    },
    {
      ...shared,
      paths: [],
      level: 'P2',
      tap: 'maxpool',
      build: () => stageOf([maxPooling({ window: 3, stride: 2, padding: 1 })]),
    },
  ];
}

function stagesOf(arch: ShuffleNetArch): readonly Stage<ShuffleNetLevel>[] {
  const stages = REPEATS.map((repeats, i) => ({
    repeats,
    channels: SHUFFLENETS[arch][i] ?? 0,
    stride: 2,
    firstDilation: 1,
    dilation: 1,
  }));
  return blockPlaces(stages, STEM_CHANNELS, 0).map((places, i): Stage<ShuffleNetLevel> => {
    const path = `stage${i + 2}`;
    return {
      paths: [path],
      level: LEVELS[i + 2] ?? null,
      tap: path,
      channels: stages[i]?.channels ?? 0,
      stride: 2,
      cells: ceiled(2),
      build: (parameters) => stageOf(places.map((place) => unit(parameters, `${path}.${place.index}`, place))),
    };
  });
}
