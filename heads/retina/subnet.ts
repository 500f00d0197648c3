import * as tf from '@tensorflow/tfjs';
import { fanInNormal, type Initialiser } from '../../backbones/initialisers.js';
import { ACTIVATIONS, type Activation } from '../../backbones/layers/index.js';
import type { Layer, Pass } from '../../backbones/module.js';
import type { Parameters } from '../../backbones/parameters.js';
import { valueAt } from '../../engine/checked.js';
import { mapNorm } from '../../necks/resample.js';
import { separable } from '../../necks/separable.js';

export interface SubnetOptions {
  readonly levels: number;
  /** C of every map. */
  readonly channels: number;
  readonly repeats: number;
  readonly activation: Activation;
  readonly anchorsPerCell: number;
  /** Values predicted for each anchor. */
  readonly outputs: number;
  /** Initialiser of the prediction's bias. */
  readonly initialiseBias: Initialiser;
  readonly frozen: boolean;
}

/** One map per level -> [N, A, outputs], anchors in the order of `createAnchors`. */
export type Subnet = (maps: readonly tf.Tensor4D[], pass: Pass) => tf.Tensor3D;

/**
 * A stack of separable convolutions that all levels share, each with batch norms of its own. Parameters
 * `name.conv_rep.<repeat>`, `name.bn_rep.<repeat>.<level>.bn`, `name.predict`.
 *
 * @source Lin et al. 2017, arXiv:1708.02002, section 4; separable and with per-level norms as in Tan et al. 2020, arXiv:1911.09070
 */
export function createSubnet(parameters: Parameters, name: string, options: SubnetOptions): Subnet {
  const { channels, anchorsPerCell, outputs, initialiseBias, frozen } = options;
  const shared = { inChannels: channels, frozen, initialise: fanInNormal };
  const repeats = Array.from({ length: options.repeats }, (_, repeat) => ({
    mix: separable(parameters, `${name}.conv_rep.${repeat}`, { ...shared, outChannels: channels }),
    norms: norms(parameters, `${name}.bn_rep.${repeat}`, options),
  }));
  const outChannels = anchorsPerCell * outputs;
  const predict = separable(parameters, `${name}.predict`, { ...shared, outChannels, initialiseBias });
  const activate = ACTIVATIONS[options.activation];
  return (maps, pass) => {
    const rows = maps.map((map, level) => {
      let x = map;
      for (const { mix, norms } of repeats) x = activate(valueAt(norms, level)(mix(x, pass), pass));
      const [batch, height, width] = x.shape;
      return tf.reshape(predict(x, pass), [batch, height * width * anchorsPerCell, outputs]);
    });
    return tf.concat(rows, 1) as tf.Tensor3D;
  };
}

function norms(parameters: Parameters, name: string, options: SubnetOptions): readonly Layer<tf.Tensor4D>[] {
  const { channels, frozen } = options;
  return Array.from({ length: options.levels }, (_, level) =>
    mapNorm(parameters, `${name}.${level}.bn`, channels, frozen),
  );
}
