import type { Backbone } from '../backbone.js';
import { type BackboneOptions, buildBackbone } from '../build.js';
import type { Architecture, ArchitectureOptions, Family, Stage } from '../family.js';
import { ACTIVATIONS, convolution, denseTop, stageOf } from '../layers/index.js';
import { ceiled, dropPathRates } from '../strides.js';
import { EFFICIENTNET_ARCHS, type EfficientNetArch, type EfficientNetPlan, efficientNetPlan } from './architecture.js';
import { block, norm } from './block.js';
import type { EfficientNetLevel } from './spec.js';

/**
 * EfficientNet; parameters named as in timm (`blocks.2.1.conv_dw.weight`).
 *
 * @source Tan & Le 2019, arXiv:1905.11946; feature taps (the last block before the stride changes): timm
 */
export const efficientNet: Family<EfficientNetArch, EfficientNetLevel> = {
  archs: EFFICIENTNET_ARCHS,
  levels: ['P1', 'P2', 'P3', 'P4', 'P5'],
  outputStrides: [8, 16],
  architecture: (arch, options) => {
    const plan = efficientNetPlan(arch, options.outputStride);
    return {
      inputPixels: plan.inputPixels,
      preprocessing: plan.family.preprocessing,
      activation: plan.family.activation,
      stem: 'conv_stem',
      stages: [stemOf(plan, options), ...stagesOf(plan, options)],
      top: topOf(plan),
    };
  },
};

/** An EfficientNet as a feature pyramid whose levels the type knows; `createBackbone` takes every family's names. */
export function createEfficientNet<L extends EfficientNetLevel = EfficientNetLevel>(
  options: BackboneOptions<EfficientNetArch, L>,
): Backbone<L> {
  return buildBackbone(efficientNet, options);
}

function stemOf(plan: EfficientNetPlan, { inChannels }: ArchitectureOptions): Stage<EfficientNetLevel> {
  const { stemChannels: channels, padding } = plan;
  return {
    ...{ paths: ['conv_stem', 'bn1'], level: null, tap: 'bn1', channels, stride: 2, cells: ceiled(2) },
    build: (parameters) =>
      stageOf([
        convolution(parameters, 'conv_stem', {
          ...{ kernel: 3, stride: 2, padding, bias: false },
          ...{ inChannels, outChannels: channels },
        }),
        norm(parameters, 'bn1', plan, channels),
        ACTIVATIONS[plan.family.activation],
      ]),
  };
}

function stagesOf(plan: EfficientNetPlan, { dropPath }: ArchitectureOptions): readonly Stage<EfficientNetLevel>[] {
  const blocks = plan.stages.flatMap((stage) => stage.blocks);
  const rates = dropPathRates(dropPath, blocks.length, blocks.length);
  return plan.stages.map(({ path, level, stride, channels, blocks: own }) => ({
    ...{ paths: [path], level, tap: path, channels, stride, cells: ceiled(stride) },
    build: (parameters) => stageOf(own.map((spec) => block(parameters, plan, spec, rates[blocks.indexOf(spec)] ?? 0))),
  }));
}

function topOf(plan: EfficientNetPlan): Architecture['top'] {
  const { headChannels: channels, padding } = plan;
  return denseTop({
    channels,
    classifier: 'classifier',
    before: (parameters) => {
      const settings = { kernel: 1, stride: 1, padding, bias: false, outChannels: channels };
      const inChannels = plan.stages.at(-1)?.channels ?? 0;
      const conv = convolution(parameters, 'conv_head', { ...settings, inChannels });
      const bn = norm(parameters, 'bn2', plan, channels);
      return (map, pass) => ACTIVATIONS[plan.family.activation](bn(conv(map, pass), pass));
    },
  });
}
