import { ACTIVATIONS, batchNorm, convolution, type MapLayer, maxPooling, residual, sequence } from '../layers/index.js';
import type { Parameters } from '../parameters.js';
import { EPSILON, EXPANSION, MOMENTUM, type ResNetRow } from './spec.js';

export interface BlockPlan {
  /** State-dict path, e.g. 'layer2.0'. */
  readonly path: string;
  readonly block: ResNetRow['block'];
  readonly stride: number;
  readonly dilation: number;
  readonly inChannels: number;
  /** Of the 3x3 convolution. */
  readonly width: number;
  /** Rate of stochastic depth. */
  readonly dropPath: number;
}

interface ConvolutionSpec {
  readonly kernel: number;
  readonly stride?: number;
  readonly dilation?: number;
  readonly from: number;
  readonly to: number;
}

/** A convolution without bias and its batch norm. */
export function normed(parameters: Parameters, conv: string, norm: string, spec: ConvolutionSpec): MapLayer {
  const { kernel, stride = 1, dilation = 1, from, to } = spec;
  return sequence([
    convolution(parameters, conv, {
      ...{ kernel, stride, dilation, padding: 'symmetric', bias: false },
      ...{ inChannels: from, outChannels: to },
    }),
    batchNorm(parameters, norm, { channels: to, epsilon: EPSILON, momentum: MOMENTUM }),
  ]);
}

/** 7x7 convolution of stride 2. */
export function stem(parameters: Parameters, inChannels: number, channels: number): MapLayer {
  return sequence([
    normed(parameters, 'conv1', 'bn1', { kernel: 7, stride: 2, from: inChannels, to: channels }),
    ACTIVATIONS.relu,
  ]);
}

export const stemPooling: MapLayer = maxPooling({ window: 3, stride: 2, padding: 1 });

/** @source He et al. 2016, arXiv:1512.03385, figure 5; the stride in the 3x3 convolution: PyTorch's */
export function block(parameters: Parameters, plan: BlockPlan): MapLayer {
  const { path, stride, dilation, inChannels, width, dropPath } = plan;
  const outChannels = width * EXPANSION[plan.block];
  const part = (index: number, spec: ConvolutionSpec): MapLayer =>
    normed(parameters, `${path}.conv${index}`, `${path}.bn${index}`, spec);
  const { relu } = ACTIVATIONS;
  const body =
    plan.block === 'basic'
      ? [part(1, { kernel: 3, stride, dilation, from: inChannels, to: width }), relu]
      : [
          ...[part(1, { kernel: 1, from: inChannels, to: width }), relu],
          ...[part(2, { kernel: 3, stride, dilation, from: width, to: width }), relu],
        ];
  const last =
    plan.block === 'basic'
      ? part(2, { kernel: 3, dilation, from: width, to: width })
      : part(3, { kernel: 1, from: width, to: outChannels });
  const changes = stride !== 1 || inChannels !== outChannels;
  const shortcut = changes
    ? normed(parameters, `${path}.downsample.0`, `${path}.downsample.1`, {
        ...{ kernel: 1, stride, from: inChannels, to: outChannels },
      })
    : undefined;
  return residual(sequence([...body, last]), { path, dropPath, activation: relu, ...(shortcut ? { shortcut } : {}) });
}
