import * as tf from '@tensorflow/tfjs-core';
import { checkpointed } from '../../engine/checkpointed.js';
import type { StageLayer } from '../family.js';
import type { Layer } from '../module.js';

export type MapLayer = Layer<tf.Tensor4D>;

/** Layers one after the other; intermediate maps are freed unless the tape needs them. */
export function sequence(layers: readonly MapLayer[]): MapLayer {
  return (input, pass) => tf.tidy(() => layers.reduce((map, layer) => layer(map, pass), input));
}

/** Layers on the same map: what they give, side by side, is one map with the channels of all in their order. */
export function joined(layers: readonly MapLayer[]): MapLayer {
  return (input, pass) =>
    tf.tidy(() =>
      tf.concat(
        layers.map((layer) => layer(input, pass)),
        3,
      ),
    );
}

/** Layers one after the other, as a stage that hands on one map. */
export function stageOf(layers: readonly MapLayer[]): StageLayer {
  const run = sequence(layers);
  return ([map], pass) => {
    if (!pass.recompute) return [run(map, pass)];
    return [checkpointed((input: tf.Tensor4D) => run(input, pass))(map)];
  };
}
