import { keysOf } from '../../../engine/checked.js';
import { IMAGENET } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage, TopOptions } from '../../family.js';
import {
  ACTIVATIONS,
  adaptiveMean,
  convNorm,
  convolution,
  denseTop,
  dropout,
  type MapLayer,
  maxPooling,
  sequence,
  stageOf,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { windowed } from '../../strides.js';
import { EPSILON, TOP, VGGS, type VggArch, WIDTHS } from './spec.js';

export type VggLevel = (typeof LEVELS)[number];
const LEVELS = ['P0', 'P1', 'P2', 'P3', 'P4', 'P5'] as const;
const DEPTHS = keysOf(VGGS);

/**
 * VGG; parameters named as in timm (`features.5.weight`, `pre_logits.fc1.weight`): modules are numbered through. Each
 * level is the map before a pooling, P5 what the last pooling gives.
 *
 * @source Simonyan & Zisserman 2015, arXiv:1409.1556
 */
export const vgg: Family<VggArch, VggLevel> = {
  archs: DEPTHS.flatMap((depth) => [depth, `${depth}_bn` as const]),
  levels: LEVELS,
  outputStrides: [],
  architecture: (arch, options) =>
    ({
      inputPixels: 224,
      preprocessing: IMAGENET,
      activation: 'relu',
      stem: 'features.0',
      stages: stagesOf(arch, options),
      top: denseTop({ channels: TOP.channels, classifier: 'head.fc', before: hiddenLayers }),
    }) satisfies Architecture<VggLevel>,
};

function stagesOf(arch: VggArch, { inChannels }: ArchitectureOptions): readonly Stage<VggLevel>[] {
  const isNormed = arch.endsWith('_bn');
  const step = isNormed ? 3 : 2; // convolution, norm, activation
  const repeats = VGGS[DEPTHS.find((depth) => arch === depth || arch === `${depth}_bn`) ?? 'vgg16'];
  let module = 0;
  return repeats.flatMap((count, i): readonly Stage<VggLevel>[] => {
    const channels = WIDTHS[i] ?? 0;
    const indices = Array.from({ length: count }, (_, j) => module + j * step);
    module += count * step + 1;
    const pooling = { paths: [], tap: `features.${module - 1}`, channels, stride: 2, cells: windowed(2, 2, 0) };
    return [
      {
        paths: indices.flatMap((index) => [`features.${index}`, ...(isNormed ? [`features.${index + 1}`] : [])]),
        level: LEVELS[i] ?? null,
        tap: `features.${module - 2}`,
        channels,
        stride: 1,
        cells: (cells) => cells,
        build: (parameters) =>
          stageOf(
            indices.map((index, j) =>
              unit(parameters, index, isNormed, j > 0 ? channels : (WIDTHS[i - 1] ?? inChannels), channels),
            ),
          ),
      },
      {
        ...pooling,
        level: i + 1 === repeats.length ? 'P5' : null,
        build: () => stageOf([maxPooling({ window: 2, stride: 2 })]),
      },
    ];
  });
}

function unit(
  parameters: Parameters,
  index: number,
  isNormed: boolean,
  inChannels: number,
  outChannels: number,
): MapLayer {
  const window = { kernel: 3, stride: 1, padding: 'symmetric', bias: true, inChannels, outChannels } as const;
  const names = [`${index}`, `${index + 1}`] as const;
  if (isNormed) return convNorm(parameters, 'features', { ...window, names, epsilon: EPSILON, activation: 'relu' });
  return sequence([convolution(parameters, `features.${index}`, window), ACTIVATIONS.relu]);
}

/** Two dense layers as convolutions, so that they slide over larger maps; smaller maps are spread to 7x7 cells. */
function hiddenLayers(parameters: Parameters, { dropout: rate }: TopOptions): MapLayer {
  const { channels, cells } = TOP;
  const inChannels = WIDTHS.at(-1) ?? 0;
  const shared = { stride: 1, padding: 'valid', bias: true, outChannels: channels } as const;
  return sequence([
    (map) => adaptiveMean(map, [Math.max(cells, map.shape[1]), Math.max(cells, map.shape[2])]),
    convolution(parameters, 'pre_logits.fc1', { ...shared, kernel: cells, inChannels }),
    ACTIVATIONS.relu,
    dropout('pre_logits', rate),
    convolution(parameters, 'pre_logits.fc2', { ...shared, kernel: 1, inChannels: channels }),
    ACTIVATIONS.relu,
  ]);
}
