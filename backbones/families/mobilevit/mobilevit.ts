import { keysOf } from '../../../engine/checked.js';
import type { Preprocessing } from '../../backbone.js';
import type { ArchitectureOptions, Family, Stage } from '../../family.js';
import { convNorm, denseTop, stageOf } from '../../layers/index.js';
import { blockPlaces } from '../../places.js';
import { ceiled, strided } from '../../strides.js';
import { invertedResidual, mobileVitBlock } from './block.js';
import {
  EPSILON as epsilon,
  INPUT_PIXELS,
  LAST_CHANNELS,
  MOBILEVITS,
  type MobileVitArch,
  STEM_CHANNELS,
  type StageRow,
} from './spec.js';

const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;
export type MobileVitLevel = (typeof LEVELS)[number];

/** 0..255 to 0..1. */
const UNIT: Preprocessing = { channels: 'RGB', mean: [0, 0, 0], std: [255, 255, 255] };

/**
 * MobileViT; parameters named as in timm (`stages.2.1.transformer.0.attn.qkv.weight`).
 *
 * @source Mehta & Rastegari 2022, arXiv:2110.02178; feature taps: timm
 */
export const mobileVit: Family<MobileVitArch, MobileVitLevel> = {
  archs: keysOf(MOBILEVITS),
  levels: LEVELS,
  outputStrides: [8, 16],
  architecture: (arch, options) => {
    const channels = LAST_CHANNELS[arch];
    return {
      inputPixels: INPUT_PIXELS,
      preprocessing: UNIT,
      activation: 'swish',
      stem: 'stem.conv',
      stages: [stemOf(options), ...stagesOf(MOBILEVITS[arch], options), lastOf(arch)],
      top: denseTop({ channels, classifier: 'head.fc' }),
    };
  },
};

function stemOf({ inChannels }: ArchitectureOptions): Stage<MobileVitLevel> {
  const channels = STEM_CHANNELS;
  return {
    paths: ['stem'],
    level: null,
    tap: 'stem',
    channels,
    stride: 2,
    cells: ceiled(2),
    build: (parameters) =>
      stageOf([
        convNorm(parameters, 'stem', {
          kernel: 3,
          stride: 2,
          inChannels,
          outChannels: channels,
          epsilon,
          activation: 'swish',
        }),
      ]),
  };
}

function stagesOf(
  rows: readonly StageRow[],
  { outputStride, dropPath }: ArchitectureOptions,
): readonly Stage<MobileVitLevel>[] {
  const strides = strided(
    rows.map(({ stride }) => stride),
    2,
    outputStride,
  );
  const stages = rows.map(({ repeats, channels, attention }, i) => ({
    ...(strides[i] ?? { stride: 1, firstDilation: 1, dilation: 1 }),
    channels,
    repeats: repeats + (attention ? 1 : 0),
  }));
  return blockPlaces(stages, STEM_CHANNELS, dropPath).map((places, i): Stage<MobileVitLevel> => {
    const { channels = 0, stride = 1 } = stages[i] ?? {};
    const { repeats = 0, attention = undefined } = rows[i] ?? {};
    const path = `stages.${i}`;
    const isLast = i === rows.length - 1; // its level is read after one more convolution
    return {
      paths: [path],
      level: isLast ? null : (LEVELS[i] ?? null),
      tap: path,
      channels,
      stride,
      cells: ceiled(stride),
      build: (parameters) =>
        stageOf(
          places.map((place) => {
            const name = `${path}.${place.index}`;
            const attends = attention && place.index >= repeats;
            return attends
              ? mobileVitBlock(parameters, name, place, attention)
              : invertedResidual(parameters, name, place);
          }),
        ),
    };
  });
}

function lastOf(arch: MobileVitArch): Stage<MobileVitLevel> {
  const path = 'final_conv';
  const channels = LAST_CHANNELS[arch];
  const inChannels = MOBILEVITS[arch].at(-1)?.channels ?? 0;
  return {
    paths: [path],
    level: 'P5',
    tap: path,
    channels,
    stride: 1,
    cells: ceiled(1),
    build: (parameters) =>
      stageOf([
        convNorm(parameters, path, { kernel: 1, inChannels, outChannels: channels, epsilon, activation: 'swish' }),
      ]),
  };
}
