import * as tf from '@tensorflow/tfjs';
import { reciprocalUniform } from '../../../backbones/initialisers.js';
import { ACTIVATIONS, dropout as dropoutLayer, type MapLayer, sequence } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { convNormRelu } from './convNormRelu.js';
import { gridOf } from './interpolate.js';
import { normLayer } from './norm.js';
import { separable } from './separable.js';

export interface AsppOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Cells from one tap to the next, one branch each. */
  readonly rates: readonly number[];
  /** True: the branches' convolutions are depthwise and pointwise ones. */
  readonly separable: boolean;
  /** Share of values dropped behind the projection while training. */
  readonly dropout: number;
}

const NORM = 'batchnorm';

/**
 * Atrous spatial pyramid pooling: a 1x1 convolution, 3x3 ones of growing dilation and the mean of the whole map, side by
 * side, projected to one width. Parameters `path.convs.0.*` to `path.convs.4.*` of the branches with three rates,
 * `path.project.*`.
 *
 * @source Chen et al. 2017, arXiv:1706.05587, section 3.3
 */
export function aspp(parameters: Parameters, path: string, options: AsppOptions): MapLayer {
  const { inChannels, outChannels, rates, dropout } = options;
  const shared = { inChannels, outChannels, norm: NORM, initialise: reciprocalUniform } as const;
  const branches = [
    convNormRelu(parameters, `${path}.convs.0`, { ...shared, kernel: 1 }),
    ...rates.map((dilation, i) =>
      options.separable
        ? separableNormRelu(parameters, `${path}.convs.${i + 1}`, { inChannels, outChannels, dilation })
        : convNormRelu(parameters, `${path}.convs.${i + 1}`, { ...shared, kernel: 3, dilation }),
    ),
    wholeMap(convNormRelu(parameters, `${path}.convs.${rates.length + 1}`, { ...shared, kernel: 1, first: 1 })),
  ];
  const project = convNormRelu(parameters, `${path}.project`, {
    ...shared,
    kernel: 1,
    inChannels: branches.length * outChannels,
  });
  const drop = dropoutLayer<tf.Tensor4D>(`${path}.project`, dropout);
  return (map, pass) => {
    const seen = branches.map((branch) => branch(map, pass));
    return drop(project(tf.concat(seen, 3), pass), pass);
  };
}

/** Separable convolution, batch norm, ReLU. Parameters `path.0.0.weight`, `path.0.1.weight`, `path.1.*`. */
export function separableNormRelu(
  parameters: Parameters,
  path: string,
  options: { readonly inChannels: number; readonly outChannels: number; readonly dilation?: number },
): MapLayer {
  return sequence([
    separable(parameters, `${path}.0`, options),
    normLayer(parameters, `${path}.1`, options.outChannels, NORM),
    ACTIVATIONS.relu,
  ]);
}

/** What a layer makes of the map's mean, at every cell. */
function wholeMap(layer: MapLayer): MapLayer {
  return (map, pass) => {
    const [height, width] = gridOf(map);
    return tf.tile(layer(tf.mean<tf.Tensor4D>(map, [1, 2], true), pass), [1, height, width, 1]);
  };
}
