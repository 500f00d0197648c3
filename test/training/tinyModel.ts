import * as tf from '@tensorflow/tfjs';
import { dropPath } from '../../backbones/layers/stochastic.js';
import type { Parameter, ParameterRole } from '../../backbones/module.js';
import { createRandom, hashName } from '../../engine/random.js';
import { meanLoss } from '../../heads/losses/term.js';
import type { TrainableModel } from '../../training/step.js';

const MOMENTUM = 0.9;

/** [N, classes] logits. */
export type TinyModel = TrainableModel<tf.Tensor2D> & { readonly classes: number };

/**
 * A pixel-wise layer, batch norm, relu, average pool and a linear classifier: every role of parameter, in milliseconds.
 * [N, H, W, 3] images -> [N, classes] logits; target `classes`: [N] int32. `dropRate`: share of images whose pooled
 * features are dropped in training.
 */
export function createTinyModel({
  classes = 2,
  width = 4,
  frozenStem = false,
  dropRate = 0,
  seed = 1,
} = {}): TinyModel {
  const drop = dropPath<tf.Tensor2D>('head', dropRate);
  const parameters = new Map<string, Parameter>();
  const create = (name: string, shape: number[], role: ParameterRole, fill: number | 'random', frozen = false) => {
    const random = createRandom([seed, hashName(name)]);
    const size = shape.reduce((product, length) => product * length, 1);
    const values = Float32Array.from({ length: size }, () => (fill === 'random' ? random.normal() * 0.5 : fill));
    const variable = tf.tidy(() => tf.variable(tf.tensor(values, shape), role !== 'statistic' && !frozen));
    parameters.set(name, { variable, layout: shape.length === 2 ? 'dense' : 'plain', role });
    return variable;
  };
  const stem = create('backbone.stem.weight', [3, width], 'weight', 'random', frozenStem);
  const scale = create('backbone.bn.weight', [width], 'scale', 1, frozenStem);
  const shift = create('backbone.bn.bias', [width], 'bias', 0, frozenStem);
  const mean = create('backbone.bn.running_mean', [width], 'statistic', 0);
  const variance = create('backbone.bn.running_var', [width], 'statistic', 1);
  const weight = create('head.weight', [width, classes], 'weight', 'random');
  const bias = create('head.bias', [classes], 'bias', 0);
  const move = (moving: tf.Variable, batch: tf.Tensor) =>
    moving.assign(tf.add(tf.mul(moving, MOMENTUM), tf.mul(batch, 1 - MOMENTUM)));
  return {
    classes,
    parameters,
    preprocessing: { channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] },
    dispose: () => {
      for (const { variable } of parameters.values()) variable.dispose();
    },
    forward: (images, pass) => {
      const [n, h, w] = images.shape;
      const pixels = tf.matMul(tf.reshape(images, [n * h * w, 3]), stem as tf.Tensor2D);
      let [m, v]: [tf.Tensor, tf.Tensor] = [mean, variance];
      if (pass.training && shift.trainable) {
        m = tf.mean(pixels, 0);
        v = tf.mean(tf.square(tf.sub(pixels, m)), 0);
        move(mean, m);
        move(variance, v);
      }
      const normal = tf.div(tf.sub(pixels, m), tf.sqrt(tf.add(v, 1e-3)));
      const active = tf.relu(tf.add(tf.mul(normal, scale), shift));
      const pooled = tf.mean(tf.reshape(active, [n, h * w, width]), 1) as tf.Tensor2D;
      return tf.add(tf.matMul(drop(pooled, pass), weight as tf.Tensor2D), bias);
    },
    loss: (logits, targets) => {
      const truth = tf.oneHot(targets.classes as tf.Tensor1D, classes);
      const crossEntropy = tf.neg(tf.mean(tf.sum(tf.mul(truth, tf.logSoftmax(logits)), -1)));
      const size = tf.mul(tf.mean(tf.square(logits)), 0.01);
      return { crossEntropy: meanLoss(crossEntropy as tf.Scalar), size: meanLoss(size as tf.Scalar) };
    },
  };
}

/** Host copy of every parameter. */
export function snapshot(model: TinyModel): { [name: string]: number[] } {
  return Object.fromEntries([...model.parameters].map(([name, { variable }]) => [name, [...variable.dataSync()]]));
}
