import { IMAGENET } from '../../backbone.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../../family.js';
import {
  ACTIVATIONS,
  type ConvNormOptions,
  convNorm,
  denseTop,
  type MapLayer,
  maxPooling,
  residual,
  sequence,
  squeezeExcite,
  stageOf,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { type BlockPlace, blockPlaces } from '../../places.js';
import { ceiled, windowed } from '../../strides.js';
import { BOTTLENECK, EPSILON, GROUPS, SQUEEZE, STAGES, STEM } from './spec.js';

export type SeNetLevel = (typeof LEVELS)[number];
const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;
const RELU = { epsilon: EPSILON, activation: 'relu' } as const;

/**
 * SENet-154; parameters named as in timm (`layer2.0.se_module.fc1.weight`). Its max pooling counts a last window over
 * the edge and pads nothing.
 *
 * @source Hu et al. 2018, arXiv:1709.01507
 */
export const seNet: Family<'legacy_senet154', SeNetLevel> = {
  archs: ['legacy_senet154'],
  levels: LEVELS,
  outputStrides: [],
  architecture: (_, options) => {
    const stages = [...stemOf(options), ...stagesOf()];
    return {
      inputPixels: 224,
      preprocessing: IMAGENET,
      activation: 'relu',
      stem: 'layer0.conv1',
      stages,
      top: denseTop({ channels: stages.at(-1)?.channels ?? 0, classifier: 'last_linear' }),
    } satisfies Architecture<SeNetLevel>;
  },
};

function stemOf({ inChannels }: ArchitectureOptions): readonly Stage<SeNetLevel>[] {
  const channels = STEM[2];
  const pooling = { window: 3, stride: 2, ceil: true } as const;
  return [
    {
      paths: ['layer0'],
      level: 'P1',
      tap: 'layer0',
      channels,
      stride: 2,
      cells: ceiled(2),
      build: (parameters) =>
        stageOf(
          STEM.map((outChannels, i) => {
            const window = { kernel: 3, stride: i === 0 ? 2 : 1, inChannels: STEM[i - 1] ?? inChannels, outChannels };
            return convNorm(parameters, 'layer0', { ...window, names: [`conv${i + 1}`, `bn${i + 1}`], ...RELU });
          }),
        ),
    },
    {
      paths: [],
      level: null,
      tap: 'pool0',
      channels,
      stride: 2,
      cells: windowed(3, 2, 0, true),
      build: () => stageOf([maxPooling(pooling)]),
    },
  ];
}

function stagesOf(): readonly Stage<SeNetLevel>[] {
  const stages = STAGES.map((stage, i) => ({ ...stage, stride: i === 0 ? 1 : 2, firstDilation: 1, dilation: 1 }));
  return blockPlaces(stages, STEM[2], 0).map((places, i): Stage<SeNetLevel> => {
    const { channels = 0, stride = 1 } = stages[i] ?? {};
    const path = `layer${i + 1}`;
    return {
      paths: [path],
      level: LEVELS[i + 1] ?? null,
      tap: path,
      channels,
      stride,
      cells: ceiled(stride),
      build: (parameters) => stageOf(places.map((place) => block(parameters, `${path}.${place.index}`, place))),
    };
  });
}

/** @source Hu et al. 2018, section 6.1: half the usual width in the first convolution, shortcuts of 3x3 at a stride */
function block(parameters: Parameters, path: string, { stride, inChannels, outChannels }: BlockPlace): MapLayer {
  const width = outChannels * BOTTLENECK;
  const part = (index: number, options: Omit<ConvNormOptions, 'names'>): MapLayer =>
    convNorm(parameters, path, { ...options, names: [`conv${index}`, `bn${index}`] });
  const own = { outChannels, epsilon: EPSILON };
  const body = sequence([
    part(1, { kernel: 1, inChannels, outChannels: width, ...RELU }),
    part(2, { kernel: 3, stride, groups: GROUPS, inChannels: width, ...own, ...RELU }),
    part(3, { kernel: 1, inChannels: outChannels, ...own }),
    squeezeExcite(parameters, `${path}.se_module`, {
      channels: outChannels,
      reduced: outChannels * SQUEEZE,
      activation: 'relu',
      names: ['fc1', 'fc2'],
    }),
  ]);
  const options = { path, dropPath: 0, activation: ACTIVATIONS.relu };
  if (stride === 1 && inChannels === outChannels) return residual(body, options);
  const window = { kernel: stride > 1 ? 3 : 1, stride, inChannels, names: ['0', '1'] } as const;
  return residual(body, { ...options, shortcut: convNorm(parameters, `${path}.downsample`, { ...window, ...own }) });
}
