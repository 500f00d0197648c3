import type { Tensor4D } from '@tensorflow/tfjs';
import { ACTIVATIONS, convolution } from '../layers/index.js';
import type { Pass } from '../module.js';
import type { Parameters } from '../parameters.js';
import type { EfficientNetPlan } from './architecture.js';
import { block, norm, sequence } from './block.js';
import type { EfficientNetLevel } from './spec.js';

/** What is not trained: nothing, the stem, everything up to and including a level's stage, or the whole trunk. Batch norm included. */
export const FROZEN = ['none', 'stem', 'P1', 'P2', 'P3', 'P4', 'P5', 'all'] as const;
export type Frozen = (typeof FROZEN)[number];

export interface TrunkOptions {
  /** Stages built, from the first. */
  readonly stages: number;
  readonly frozen: Frozen;
  readonly inChannels: number;
}

/** [N, H, W, inChannels] -> the output of every stage; call it inside `tidy`. */
export type Trunk = (images: Tensor4D, pass: Pass) => readonly Tensor4D[];

export function createTrunk(parameters: Parameters, plan: EfficientNetPlan, options: TrunkOptions): Trunk {
  const { inChannels, frozen } = options;
  const frozenStages = countFrozenStages(plan, frozen);
  const stemFrozen = frozen !== 'none';
  const stem = sequence([
    convolution(parameters, 'conv_stem', {
      ...{ kernel: 3, stride: 2, padding: plan.padding, bias: false },
      ...{ inChannels, outChannels: plan.stemChannels, frozen: stemFrozen },
    }),
    norm(parameters, 'bn1', plan, plan.stemChannels, stemFrozen),
    ACTIVATIONS[plan.family.activation],
  ]);
  const stages = plan.stages
    .slice(0, options.stages)
    .map((stage, index) => sequence(stage.blocks.map((spec) => block(parameters, plan, spec, index < frozenStages))));
  return (images, pass) => {
    const outputs: Tensor4D[] = [];
    let map = stem(images, pass);
    for (const stage of stages) {
      map = stage(map, pass);
      outputs.push(map);
    }
    return outputs;
  };
}

/** Stages from the first one up to the one that gives `level`. */
export function stagesThrough(plan: EfficientNetPlan, level: EfficientNetLevel): number {
  return plan.stages.findIndex((stage) => stage.level === level) + 1;
}

function countFrozenStages(plan: EfficientNetPlan, frozen: Frozen): number {
  if (frozen === 'none' || frozen === 'stem') return 0;
  return frozen === 'all' ? plan.stages.length : stagesThrough(plan, frozen);
}
