import * as tf from '@tensorflow/tfjs';
import { ConfigError, ShapeError } from '../../engine/errors.js';
import type { Backbone, Preprocessing } from '../backbone.js';
import { type FeatureInfo, type FeatureMaps, type FeatureSpec, LEVELS } from '../features.js';
import { createParameters } from '../parameters.js';
import { type EfficientNetArch, type EfficientNetPlan, efficientNetPlan } from './architecture.js';
import type { EfficientNetLevel } from './spec.js';
import { createTrunk, type Frozen, stagesThrough } from './trunk.js';

export interface EfficientNetOptions<L extends EfficientNetLevel = EfficientNetLevel> {
  readonly arch: EfficientNetArch;
  /** Maps to give; only the blocks they need are built. All five when absent. */
  readonly levels?: readonly L[];
  readonly frozen: Frozen;
  /** Channels of the image; 3 when absent. */
  readonly inChannels?: number;
  /** Of the random initial weights. */
  readonly seed: number;
  /** The family's own when absent. */
  readonly preprocessing?: Preprocessing;
}

const ALL_LEVELS: readonly EfficientNetLevel[] = ['P1', 'P2', 'P3', 'P4', 'P5'];

/**
 * EfficientNet as a feature pyramid; parameters named as in timm (`blocks.2.1.conv_dw.weight`).
 *
 * @returns a backbone whose `forward` takes [N, H, W, inChannels] float32 and gives [N, ceil(H / stride), ceil(W / stride), C] per level
 * @throws ConfigError for an unknown architecture or no level
 * @source Tan & Le 2019, arXiv:1905.11946; feature taps (the last block before the stride changes): timm
 */
export function createEfficientNet<L extends EfficientNetLevel = EfficientNetLevel>(
  options: EfficientNetOptions<L>,
): Backbone<L> {
  const plan = efficientNetPlan(options.arch);
  const { inChannels = 3 } = options;
  const features = featureSpec<L>(plan, options.levels ?? (ALL_LEVELS as readonly L[]));
  const taps = (Object.keys(features) as L[]).map((level) => ({ level, stages: stagesThrough(plan, level) }));
  const parameters = createParameters(options.seed);
  const deepest = Math.max(...taps.map((tap) => tap.stages));
  const trunk = createTrunk(parameters, plan, { stages: deepest, frozen: options.frozen, inChannels });
  return {
    features,
    preprocessing: options.preprocessing ?? preprocessingOf(plan),
    parameters: parameters.parameters,
    dispose: parameters.dispose,
    forward: (images, pass) =>
      tf.tidy(() => {
        checkImages(images, inChannels);
        const outputs = trunk(images, pass);
        return Object.fromEntries(taps.map(({ level, stages }) => [level, outputs[stages - 1]])) as FeatureMaps<L>;
      }),
  };
}

/** What the released weights of the family expect. */
export function preprocessingOf(plan: EfficientNetPlan): Preprocessing {
  return { channels: 'RGB', mean: plan.family.mean, std: plan.family.std };
}

/** @throws ShapeError when the last dimension is not `inChannels` */
export function checkImages(images: tf.Tensor4D, inChannels: number): void {
  if (images.shape.length === 4 && images.shape[3] === inChannels) return;
  throw new ShapeError(`images are [${images.shape}], the network takes [N, H, W, ${inChannels}]`);
}

function featureSpec<L extends EfficientNetLevel>(plan: EfficientNetPlan, levels: readonly L[]): FeatureSpec<L> {
  const spec: { [K in EfficientNetLevel]?: FeatureInfo } = {};
  for (const stage of plan.stages) {
    if (stage.level === null || !levels.some((level) => level === stage.level)) continue;
    spec[stage.level] = { channels: stage.channels, stride: stage.stride, tap: stage.path };
  }
  const unknown = levels.filter((level) => !(level in spec));
  if (levels.length === 0 || unknown.length > 0) {
    const problem = levels.length === 0 ? 'no level was asked for' : `there is no level ${unknown.join(', ')}`;
    throw new ConfigError(`${plan.arch}: ${problem}; it gives ${LEVELS.slice(0, 5).join(', ')}`);
  }
  return spec as FeatureSpec<L>;
}
