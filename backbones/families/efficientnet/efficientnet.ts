import type { Backbone } from '../../backbone.js';
import { type BackboneOptions, buildBackbone } from '../../build.js';
import { invertedFamily } from '../_inverted/architecture.js';
import { type InvertedPlan, invertedPlan } from '../_inverted/plan.js';
import type { InvertedLevel } from '../_inverted/spec.js';
import { EFFICIENTNET_ARCHS, type EfficientNetArch, efficientNetSpec } from './spec.js';

/**
 * EfficientNet, its lite and EdgeTPU forms, and EfficientNetV2; parameters named as in timm (`blocks.2.1.conv_dw.weight`).
 *
 * @source Tan & Le 2019, arXiv:1905.11946, and 2021, arXiv:2104.00298
 */
export const efficientNet = invertedFamily<EfficientNetArch>(EFFICIENTNET_ARCHS, efficientNetSpec);

/** An EfficientNet as a feature pyramid whose levels the type knows; `createBackbone` takes every family's names. */
export function createEfficientNet<L extends InvertedLevel = InvertedLevel>(
  options: BackboneOptions<EfficientNetArch, L>,
): Backbone<L> {
  return buildBackbone(efficientNet, options);
}

/**
 * Every block of an EfficientNet with its numbers resolved; no tensors.
 *
 * @param outputStride input pixels per cell of the last stage, see `strided`
 * @throws ConfigError when there is no such architecture
 */
export function efficientNetPlan(arch: EfficientNetArch, outputStride = 32): InvertedPlan {
  return invertedPlan(efficientNetSpec(arch), outputStride);
}
