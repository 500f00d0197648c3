import * as tf from '@tensorflow/tfjs-core';
import { type Operation, placeholder, withoutValues } from '../engine/shapes/shapes.js';
import type { Module, Pass } from './module.js';
import { countParameters, countStatistics } from './parameters.js';

/** What a network costs; counted from shapes, no value is computed. */
export interface Counts {
  /** Without the statistics of batch norm, as papers count them. */
  readonly parameters: number;
  /** Values of batch norm that are measured, not trained. */
  readonly statistics: number;
  /** Multiply-accumulates of convolutions and dense layers for one image. */
  readonly macs: number;
  /** Multiply-accumulates of products of two maps, as in attention, for one image. */
  readonly mapMacs: number;
  /** Values of all maps that a convolution or dense layer gives, for one image. */
  readonly activations: number;
}

/** Anything that takes images. */
export interface ImageNetwork extends Module {
  forward(images: tf.Tensor4D, pass: Pass): tf.TensorContainer | { readonly [level: string]: tf.Tensor };
}

/**
 * Builds a network without values and runs it on one image.
 *
 * @param create e.g. `() => createBackbone({ arch: 'resnet50', frozen: 'none', seed: 1 })`
 * @param image  [height, width, channels]
 */
export function countNetwork(
  create: () => ImageNetwork,
  [height, width, channels]: readonly [height: number, width: number, channels: number],
): Counts {
  const { result, operations } = withoutValues(() => {
    const network = create();
    try {
      tf.tidy(() => {
        network.forward(placeholder<tf.Rank.R4>([1, height, width, channels]), { training: false });
      });
      return { parameters: countParameters(network), statistics: countStatistics(network) };
    } finally {
      network.dispose();
    }
  });
  const layers = operations.filter((operation) => operation.macs > 0 && varyingInputs(operation) === 1);
  const products = operations.filter((operation) => operation.macs > 0 && varyingInputs(operation) > 1);
  return {
    ...result,
    macs: sum(layers, ({ macs }) => macs),
    mapMacs: sum(products, ({ macs }) => macs),
    activations: sum(layers, ({ output }) => output.reduce((product, side) => product * side, 1)),
  };
}

function varyingInputs({ inputs }: Operation): number {
  return inputs.filter(({ varies }) => varies).length;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
