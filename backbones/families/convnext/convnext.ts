import { keysOf } from '../../../engine/checked.js';
import { IMAGENET } from '../../backbone.js';
import type { ArchitectureOptions, Family, Stage } from '../../family.js';
import {
  convolution,
  denseTop,
  depthwise,
  transformerInitialiser as initialise,
  layerNorm,
  layerScale,
  type MapLayer,
  mlp,
  residual,
  sequence,
  stageOf,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { type BlockPlace, blockPlaces } from '../../places.js';
import { ceiled, type DilatedStage, strided, windowed } from '../../strides.js';
import {
  CONVNEXTS,
  type ConvNeXtArch,
  type ConvNeXtRow,
  EXPANSION,
  EPSILON as epsilon,
  INPUT_PIXELS,
  KERNEL,
  LAYER_SCALE,
  PATCH,
} from './spec.js';

const LEVELS = ['P2', 'P3', 'P4', 'P5'] as const;
export type ConvNeXtLevel = (typeof LEVELS)[number];

/**
 * ConvNeXt; parameters named as in timm (`stages.2.blocks.0.conv_dw.weight`). Patches that are not whole are left out:
 * sizes are rounded down.
 *
 * @source Liu et al. 2022, arXiv:2201.03545
 */
export const convNeXt: Family<ConvNeXtArch, ConvNeXtLevel> = {
  archs: keysOf(CONVNEXTS),
  levels: LEVELS,
  outputStrides: [8, 16],
  architecture: (arch, options) => {
    const row = CONVNEXTS[arch];
    const channels = row.channels[3];
    return {
      inputPixels: INPUT_PIXELS,
      preprocessing: IMAGENET,
      activation: 'gelu',
      stem: 'stem.0',
      stages: [stemOf(row, options), ...stagesOf(row, options)],
      top: denseTop({
        channels,
        classifier: 'head.fc',
        initialise,
        after: (parameters) => layerNorm(parameters, 'head.norm', { channels, epsilon }),
      }),
    };
  },
};

function stemOf({ channels: [channels] }: ConvNeXtRow, { inChannels }: ArchitectureOptions): Stage<ConvNeXtLevel> {
  return {
    paths: ['stem'],
    level: null,
    tap: 'stem',
    channels,
    stride: PATCH,
    cells: windowed(PATCH, PATCH, 0),
    build: (parameters) =>
      stageOf([
        convolution(parameters, 'stem.0', {
          kernel: PATCH,
          stride: PATCH,
          padding: 'valid',
          bias: true,
          inChannels,
          outChannels: channels,
          initialise,
        }),
        layerNorm(parameters, 'stem.1', { channels, epsilon }),
      ]),
  };
}

function stagesOf(row: ConvNeXtRow, options: ArchitectureOptions): readonly Stage<ConvNeXtLevel>[] {
  const strides = strided([1, 2, 2, 2], PATCH, options.outputStride);
  const stages = strides.map((stage, i) => ({
    ...stage,
    repeats: row.repeats[i] ?? 0,
    channels: row.channels[i] ?? 0,
  }));
  return blockPlaces(stages, row.channels[0], options.dropPath).flatMap((places, i): Stage<ConvNeXtLevel>[] => {
    const stage = stages[i];
    if (!stage) return [];
    const { channels, stride } = stage;
    const path = `stages.${i}`;
    const before = row.channels[i - 1];
    const halving: Stage<ConvNeXtLevel> = {
      paths: [`${path}.downsample`],
      level: null,
      tap: `${path}.downsample`,
      channels,
      stride,
      cells: stride === 1 ? ceiled(1) : windowed(2, 2, 0),
      build: (parameters) => stageOf([downsample(parameters, `${path}.downsample`, before ?? 0, stage)]),
    };
    const blocks: Stage<ConvNeXtLevel> = {
      paths: [`${path}.blocks`],
      level: LEVELS[i] ?? null,
      tap: path,
      channels,
      stride: 1,
      cells: ceiled(1),
      build: (parameters) =>
        stageOf(places.map((place) => block(parameters, `${path}.blocks.${place.index}`, place, stage.dilation))),
    };
    return before === undefined ? [blocks] : [halving, blocks];
  });
}

/** 2x2 convolution of stride 2; spread, at stride 1. */
function downsample(
  parameters: Parameters,
  path: string,
  inChannels: number,
  { channels, stride, firstDilation: dilation }: DilatedStage & { readonly channels: number },
): MapLayer {
  const padding = stride === 1 ? 'same' : 'valid';
  return sequence([
    layerNorm(parameters, `${path}.0`, { channels: inChannels, epsilon }),
    convolution(parameters, `${path}.1`, {
      kernel: 2,
      stride,
      dilation,
      padding,
      bias: true,
      inChannels,
      outChannels: channels,
      initialise,
    }),
  ]);
}

/** @source Liu et al. 2022, arXiv:2201.03545, figure 4 */
function block(
  parameters: Parameters,
  path: string,
  { outChannels: channels, dropPath }: BlockPlace,
  dilation: number,
): MapLayer {
  const body = sequence([
    depthwise(parameters, `${path}.conv_dw`, {
      kernel: KERNEL,
      stride: 1,
      dilation,
      padding: 'symmetric',
      bias: true,
      channels,
      initialise,
    }),
    layerNorm(parameters, `${path}.norm`, { channels, epsilon }),
    mlp(parameters, `${path}.mlp`, { channels, hidden: channels * EXPANSION, activation: 'gelu' }),
    layerScale(parameters, `${path}.gamma`, channels, LAYER_SCALE),
  ]);
  return residual(body, { path, dropPath });
}
