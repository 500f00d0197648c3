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
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import type { BlockPlan } from './plan.js';
import type { InvertedSpec } from './spec.js';

/** The layers of one network: what its batch norms and paddings have in common. */
export interface Parts {
  /** @param path state-dict path, e.g. 'blocks.2.1.bn1' */
  norm(path: string, channels: number): MapLayer;
  /** A convolution without bias. */
  dense(path: string, options: Window & { readonly from: number; readonly to: number }): MapLayer;
  depthwise(path: string, options: Window & { readonly channels: number }): MapLayer;
  squeezeExcite(path: string, block: BlockPlan): MapLayer;
}
interface Window {
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  /** Defaults to the network's. */
  readonly padding?: InvertedSpec['padding'];
}

export function partsOf(parameters: Parameters, { epsilon, padding, squeeze }: InvertedSpec): Parts {
  return {
    norm: (path, channels) => batchNorm(parameters, path, { channels, epsilon, momentum: NORM_MOMENTUM }),
    dense: (path, { kernel, stride = 1, dilation = 1, from, to }) =>
      convolution(parameters, path, {
        kernel,
        stride,
        dilation,
        padding,
        bias: false,
        inChannels: from,
        outChannels: to,
      }),
    depthwise: (path, { kernel, stride = 1, dilation = 1, channels, padding: own = padding }) =>
      depthwise(parameters, path, { kernel, stride, dilation, padding: own, bias: false, channels }),
    squeezeExcite: (path, { hidden, squeezed, activation }) =>
      squeezeExcite(parameters, path, {
        channels: hidden,
        reduced: squeezed,
        gate: squeeze.gate,
        activation: squeeze.activation ?? activation,
      }),
  };
}

/**
 * One block; the input is added where the plan says so.
 *
 * @param dropPath rate of stochastic depth
 * @source Sandler et al. 2018, arXiv:1801.04381; squeeze-excite inside: Tan et al. 2018, arXiv:1807.11626; fused: Gupta
 * and Tan 2019, ai.googleblog.com "EfficientNet-EdgeTPU"
 */
export function block(parts: Parts, plan: BlockPlan, dropPath: number): MapLayer {
  const body = sequence(BODIES[plan.block](parts, plan));
  return plan.hasSkip ? residual(body, { path: plan.path, dropPath }) : body;
}

const BODIES: { readonly [K in BlockPlan['block']]: (parts: Parts, plan: BlockPlan) => readonly MapLayer[] } = {
  separable: (parts, plan) => [...spatial(parts, plan, 'bn1'), ...pointwise(parts, plan, 'conv_pw', 'bn2')],
  inverted: (parts, plan) => {
    const { path, inChannels, hidden } = plan;
    return [
      parts.dense(`${path}.conv_pw`, { kernel: 1, from: inChannels, to: hidden }),
      ...[parts.norm(`${path}.bn1`, hidden), ACTIVATIONS[plan.activation]],
      ...spatial(parts, plan, 'bn2'),
      ...pointwise(parts, plan, 'conv_pwl', 'bn3'),
    ];
  },
  fused: (parts, plan) => {
    const { path, kernel, stride, dilation, inChannels, hidden } = plan;
    return [
      parts.dense(`${path}.conv_exp`, { kernel, stride, dilation, from: inChannels, to: hidden }),
      ...[parts.norm(`${path}.bn1`, hidden), ACTIVATIONS[plan.activation]],
      ...squeezed(parts, plan),
      ...pointwise(parts, plan, 'conv_pwl', 'bn2'),
    ];
  },
  plain: (parts, plan) => {
    const { path, kernel, stride, dilation, inChannels, outChannels } = plan;
    return [
      parts.dense(`${path}.conv`, { kernel, stride, dilation, from: inChannels, to: outChannels }),
      ...[parts.norm(`${path}.bn1`, outChannels), ACTIVATIONS[plan.activation]],
    ];
  },
};

/** The depthwise convolution and what weighs its channels. */
function spatial(parts: Parts, plan: BlockPlan, norm: string): readonly MapLayer[] {
  const { path, kernel, stride, dilation, padding, hidden } = plan;
  const own = padding === undefined ? {} : { padding };
  return [
    parts.depthwise(`${path}.conv_dw`, { kernel, stride, dilation, channels: hidden, ...own }),
    ...[parts.norm(`${path}.${norm}`, hidden), ACTIVATIONS[plan.activation]],
    ...squeezed(parts, plan),
  ];
}

function squeezed(parts: Parts, plan: BlockPlan): readonly MapLayer[] {
  return plan.squeezed > 0 ? [parts.squeezeExcite(`${plan.path}.se`, plan)] : [];
}

/** To the output's width; linear. */
function pointwise(parts: Parts, plan: BlockPlan, conv: string, norm: string): readonly MapLayer[] {
  const { path, hidden, outChannels } = plan;
  return [
    parts.dense(`${path}.${conv}`, { kernel: 1, from: hidden, to: outChannels }),
    parts.norm(`${path}.${norm}`, outChannels),
  ];
}
