import * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from '../backbone.js';
import { ACTIVATIONS, convolution, dense } from '../layers/index.js';
import type { Module, Pass } from '../module.js';
import { createParameters } from '../parameters.js';
import { type EfficientNetArch, efficientNetPlan } from './architecture.js';
import { norm, sequence } from './block.js';
import { checkImages, preprocessingOf } from './efficientnet.js';
import { createTrunk, type Frozen } from './trunk.js';

export interface ClassifierOptions {
  readonly arch: EfficientNetArch;
  readonly classes: number;
  /** Of the trunk; the top always trains. */
  readonly frozen: Frozen;
  readonly inChannels?: number;
  readonly seed: number;
}

/** A whole EfficientNet: images in, class logits out. */
export interface Classifier extends Module {
  readonly preprocessing: Preprocessing;
  /** Side of the images the network was made for. */
  readonly inputPixels: number;
  readonly classes: number;
  /**
   * @param images [N, H, W, inChannels] float32, normalised as `preprocessing` says
   * @returns      [N, classes] float32 logits; the caller owns them
   */
  forward(images: tf.Tensor4D, pass: Pass): tf.Tensor2D;
}

/**
 * Trunk, 1x1 convolution, global mean, dense layer; without the release's dropout and stochastic depth.
 *
 * @throws ConfigError for an unknown architecture
 */
export function createClassifier(options: ClassifierOptions): Classifier {
  const { classes, seed, frozen, inChannels = 3 } = options;
  const plan = efficientNetPlan(options.arch);
  const parameters = createParameters(seed);
  const trunk = createTrunk(parameters, plan, { stages: plan.stages.length, frozen, inChannels });
  const channels = plan.headChannels;
  const head = sequence([
    convolution(parameters, 'conv_head', {
      ...{ kernel: 1, stride: 1, padding: plan.padding, bias: false, frozen: false },
      ...{ inChannels: plan.stages.at(-1)?.channels ?? 0, outChannels: channels },
    }),
    norm(parameters, 'bn2', plan, channels, false),
    ACTIVATIONS[plan.family.activation],
  ]);
  const classify = dense(parameters, 'classifier', { inChannels: channels, outChannels: classes, frozen: false });
  return {
    preprocessing: preprocessingOf(plan),
    inputPixels: plan.inputPixels,
    classes,
    parameters: parameters.parameters,
    dispose: parameters.dispose,
    forward: (images, pass) =>
      tf.tidy(() => {
        checkImages(images, inChannels);
        const map = trunk(images, pass).at(-1) as tf.Tensor4D;
        return classify(tf.mean<tf.Tensor2D>(head(map, pass), [1, 2]), pass);
      }),
  };
}
