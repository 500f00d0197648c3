import * as tf from '@tensorflow/tfjs';
import { ACTIVATIONS, batchNorm, convolution, depthwise, NORM_MOMENTUM, squeezeExcite } from '../layers/index.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';
import type { BlockPlan, EfficientNetPlan } from './architecture.js';

type MapLayer = Layer<tf.Tensor4D>;

/**
 * Batch norm as `plan` says.
 *
 * @param path state-dict path, e.g. 'blocks.2.1.bn1'
 */
export function norm(parameters: Parameters, path: string, plan: EfficientNetPlan, channels: number, frozen: boolean) {
  return batchNorm(parameters, path, { channels, epsilon: plan.epsilon, momentum: NORM_MOMENTUM, frozen });
}

/** Layers one after the other; intermediate maps are freed unless the tape needs them. */
export function sequence(layers: readonly MapLayer[]): MapLayer {
  return (input, pass) => tf.tidy(() => layers.reduce((map, layer) => layer(map, pass), input));
}

/**
 * Mobile inverted bottleneck, or its first-stage form without the widening convolution; the input is added where
 * nothing changes its shape.
 *
 * @source Sandler et al. 2018, arXiv:1801.04381; squeeze-excite inside: Tan & Le 2019, arXiv:1905.11946
 */
export function block(parameters: Parameters, plan: EfficientNetPlan, spec: BlockPlan, frozen: boolean): MapLayer {
  const { path, hidden, inChannels, outChannels, kernel, stride } = spec;
  const activate: MapLayer = ACTIVATIONS[plan.family.activation];
  const pointwise = (name: string, from: number, to: number) =>
    convolution(parameters, `${path}.${name}`, {
      ...{ kernel: 1, stride: 1, padding: 'same', bias: false },
      ...{ inChannels: from, outChannels: to, frozen },
    });
  const bn = (name: string, channels: number) => norm(parameters, `${path}.${name}`, plan, channels, frozen);
  const widens = spec.block === 'inverted';
  const layers: MapLayer[] = [];
  if (widens) layers.push(pointwise('conv_pw', inChannels, hidden), bn('bn1', hidden), activate);
  const dw = { channels: hidden, kernel, stride, padding: plan.padding, bias: false, frozen };
  layers.push(depthwise(parameters, `${path}.conv_dw`, dw), bn(widens ? 'bn2' : 'bn1', hidden), activate);
  if (spec.squeezed > 0) {
    const squeeze = { channels: hidden, reduced: spec.squeezed, activation: plan.family.activation, frozen };
    layers.push(squeezeExcite(parameters, `${path}.se`, squeeze));
  }
  layers.push(pointwise(widens ? 'conv_pwl' : 'conv_pw', hidden, outChannels), bn(widens ? 'bn3' : 'bn2', outChannels));
  const body = sequence(layers);
  if (stride !== 1 || inChannels !== outChannels) return body;
  return (input, pass) => tf.add(body(input, pass), input);
}
