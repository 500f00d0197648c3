import {
  ACTIVATIONS,
  batchNorm,
  convolution,
  depthwise,
  type MapLayer,
  NORM_MOMENTUM,
  residual,
  sequence,
  squeezeExcite,
} from '../layers/index.js';
import type { Parameters } from '../parameters.js';
import type { BlockPlan, EfficientNetPlan } from './architecture.js';

/**
 * Batch norm as `plan` says.
 *
 * @param path state-dict path, e.g. 'blocks.2.1.bn1'
 */
export function norm(parameters: Parameters, path: string, plan: EfficientNetPlan, channels: number): MapLayer {
  return batchNorm(parameters, path, { channels, epsilon: plan.epsilon, momentum: NORM_MOMENTUM });
}

/**
 * Mobile inverted bottleneck, or its first-stage form without the widening convolution; the input is added where
 * nothing changes its shape.
 *
 * @param dropPath rate of stochastic depth
 * @source Sandler et al. 2018, arXiv:1801.04381; squeeze-excite inside: Tan & Le 2019, arXiv:1905.11946
 */
export function block(parameters: Parameters, plan: EfficientNetPlan, spec: BlockPlan, dropPath: number): MapLayer {
  const { path, hidden, inChannels, outChannels, kernel, stride, dilation } = spec;
  const activate: MapLayer = ACTIVATIONS[plan.family.activation];
  const pointwise = (name: string, from: number, to: number): MapLayer =>
    convolution(parameters, `${path}.${name}`, {
      ...{ kernel: 1, stride: 1, padding: 'same', bias: false },
      ...{ inChannels: from, outChannels: to },
    });
  const bn = (name: string, channels: number): MapLayer => norm(parameters, `${path}.${name}`, plan, channels);
  const widens = spec.block === 'inverted';
  const layers: MapLayer[] = [];
  if (widens) layers.push(pointwise('conv_pw', inChannels, hidden), bn('bn1', hidden), activate);
  const dw = { channels: hidden, kernel, stride, dilation, padding: plan.padding, bias: false };
  layers.push(depthwise(parameters, `${path}.conv_dw`, dw), bn(widens ? 'bn2' : 'bn1', hidden), activate);
  if (spec.squeezed > 0) {
    const squeeze = { channels: hidden, reduced: spec.squeezed, activation: plan.family.activation };
    layers.push(squeezeExcite(parameters, `${path}.se`, squeeze));
  }
  layers.push(pointwise(widens ? 'conv_pwl' : 'conv_pw', hidden, outChannels), bn(widens ? 'bn3' : 'bn2', outChannels));
  const body = sequence(layers);
  return stride === 1 && inChannels === outChannels ? residual(body, { path, dropPath }) : body;
}
