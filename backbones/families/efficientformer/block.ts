import * as tf from '@tensorflow/tfjs-core';
import { gatherRows } from '../../../engine/kernels/index.js';
import {
  attention,
  averagePooling,
  convNorm,
  layerNorm,
  layerScale,
  type MapLayer,
  mlp,
  residual,
  sequence,
  transformerInitialiser,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { EXPANSION, EPSILON as epsilon, HEADS, KEY_WIDTH, LAST_CELLS, LAYER_SCALE, VALUE_WIDTH } from './spec.js';

export interface MetaBlockOptions {
  readonly channels: number;
  /** Rate of stochastic depth. */
  readonly dropPath: number;
}

/** Mixes cells by pooling. @source Li et al. 2022, arXiv:2206.01191, equation 3 */
export function poolingBlock(parameters: Parameters, path: string, options: MetaBlockOptions): MapLayer {
  const { channels } = options;
  const hidden = channels * EXPANSION;
  const mean = averagePooling({ window: 3, stride: 1, padding: 1, countPadding: false });
  const layer = (name: 'fc1' | 'fc2', norm: string, from: number, to: number): MapLayer =>
    convNorm(parameters, `${path}.mlp`, {
      kernel: 1,
      inChannels: from,
      outChannels: to,
      bias: true,
      epsilon,
      names: [name, norm],
      ...(name === 'fc1' ? { activation: 'gelu' } : {}),
    });
  return sequence([
    branch(parameters, path, 1, options, (map, pass) => tf.sub(mean(map, pass), map)),
    branch(
      ...([parameters, path, 2, options] as const),
      sequence([layer('fc1', 'norm1', channels, hidden), layer('fc2', 'norm2', hidden, channels)]),
    ),
  ]);
}

/** Mixes cells by attention. @source Li et al. 2022, arXiv:2206.01191, equations 4 and 5 */
export function attendingBlock(parameters: Parameters, path: string, options: MetaBlockOptions): MapLayer {
  const { channels } = options;
  const normed = (index: 1 | 2, layer: MapLayer): MapLayer =>
    sequence([layerNorm(parameters, `${path}.norm${index}`, { channels, epsilon }), layer]);
  const mixer = attention(parameters, `${path}.token_mixer`, {
    channels,
    heads: HEADS,
    keyWidth: KEY_WIDTH,
    valueWidth: VALUE_WIDTH,
    order: 'heads',
    bias: distanceBias(parameters, `${path}.token_mixer.attention_biases`),
  });
  const dense = mlp(parameters, `${path}.mlp`, { channels, hidden: channels * EXPANSION, activation: 'gelu' });
  return sequence([
    branch(parameters, path, 1, options, normed(1, mixer)),
    branch(parameters, path, 2, options, normed(2, dense)),
  ]);
}

function branch(
  parameters: Parameters,
  path: string,
  index: 1 | 2,
  { channels, dropPath }: MetaBlockOptions,
  layer: MapLayer,
): MapLayer {
  const scaled = sequence([layer, layerScale(parameters, `${path}.ls${index}.gamma`, channels, LAYER_SCALE)]);
  return residual(scaled, { path: `${path}.drop_path${index}`, dropPath });
}

/** [heads, T, T]: one learned value for each head and each distance (rows, columns) between two cells. */
function distanceBias(parameters: Parameters, name: string): () => tf.Tensor3D {
  const cells = LAST_CELLS * LAST_CELLS;
  const table = parameters.create(name, {
    shape: [HEADS, cells],
    layout: 'plain',
    role: 'bias',
    initialise: transformerInitialiser,
  }) as tf.Variable<tf.Rank.R2>;
  const apart = (a: number, b: number): number => {
    const rows = Math.abs(Math.floor(a / LAST_CELLS) - Math.floor(b / LAST_CELLS));
    return rows * LAST_CELLS + Math.abs((a % LAST_CELLS) - (b % LAST_CELLS));
  };
  const distances = Int32Array.from({ length: cells * cells }, (_, i) => apart(Math.floor(i / cells), i % cells));
  return () => {
    const perCell = tf.reshape<tf.Rank.R3>(tf.transpose(table), [1, cells, HEADS]);
    const rows = gatherRows(perCell, tf.tensor2d(distances, [1, cells * cells], 'int32')); // [1, T * T, heads]
    return tf.reshape(tf.transpose(rows), [HEADS, cells, cells]);
  };
}
