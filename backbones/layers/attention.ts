import * as tf from '@tensorflow/tfjs-core';
import { type Initialiser, normal } from '../initialisers.js';
import type { Parameters } from '../parameters.js';
import { ACTIVATIONS, type Activation } from './activation.js';
import { dense } from './dense.js';
import { layerNorm } from './layerNorm.js';
import { residual } from './residual.js';
import { type MapLayer, sequence } from './sequence.js';

/** Initialiser of dense layers and embeddings in transformers. */
export const transformerInitialiser: Initialiser = normal(0.02);

export interface AttentionOptions {
  readonly channels: number;
  readonly heads: number;
  /** Width of a query and of a key. Defaults to channels / heads. */
  readonly keyWidth?: number;
  /** Width of a value. Defaults to `keyWidth`. */
  readonly valueWidth?: number;
  /** How the first layer orders its outputs: all queries, all keys, all values; or these three head after head. */
  readonly order: 'parts' | 'heads';
  /** Bias [heads, T, T], added to the scores before the softmax. Defaults to none. */
  readonly bias?: () => tf.Tensor3D;
}

/**
 * Every cell of a map [N, H, W, C] looks at all cells of it; tokens come as [N, 1, T, C]. Parameters `name.qkv`, `name.proj`.
 *
 * @source Vaswani et al. 2017, arXiv:1706.03762, section 3.2
 */
export function attention(parameters: Parameters, name: string, options: AttentionOptions): MapLayer {
  const { channels, heads, keyWidth = channels / heads, valueWidth = keyWidth, order, bias } = options;
  const initialise = transformerInitialiser;
  const widths = [keyWidth, keyWidth, valueWidth];
  const total = keyWidth * 2 + valueWidth;
  const project = dense<tf.Tensor4D>(parameters, `${name}.qkv`, {
    inChannels: channels,
    outChannels: total * heads,
    initialise,
  });
  const join = dense<tf.Tensor4D>(parameters, `${name}.proj`, {
    inChannels: valueWidth * heads,
    outChannels: channels,
    initialise,
  });
  /** [N, T, heads, width] each. */
  const split = (qkv: tf.Tensor4D, N: number, T: number): tf.Tensor4D[] => {
    if (order === 'heads') return tf.split(tf.reshape(qkv, [N, T, heads, total]), widths, 3);
    const parts = tf.split(
      tf.reshape(qkv, [N, T, total * heads]),
      widths.map((width) => width * heads),
      2,
    );
    return parts.map((part) => tf.reshape(part, [N, T, heads, -1]));
  };
  return (input, pass) =>
    tf.tidy(() => {
      const [N, height, width] = input.shape;
      const T = height * width;
      const [queries, keys, values] = split(project(input, pass), N, T).map((part) =>
        tf.transpose(part, [0, 2, 1, 3]),
      ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D]; // [N, heads, T, width]
      const scores = tf.matMul(tf.mul(queries, keyWidth ** -0.5), keys, false, true); // [N, heads, T, T]
      const weights = tf.softmax(bias ? tf.add(scores, bias()) : scores);
      const answers = tf.transpose(tf.matMul(weights, values), [0, 2, 1, 3]); // [N, T, heads, width]
      return join(tf.reshape(answers, [N, height, width, heads * valueWidth]), pass);
    });
}

/** Two dense layers on every cell; parameters `name.fc1`, `name.fc2`. */
export function mlp(
  parameters: Parameters,
  name: string,
  options: { readonly channels: number; readonly hidden: number; readonly activation: Activation },
): MapLayer {
  const { channels, hidden, activation } = options;
  const initialise = transformerInitialiser;
  return sequence([
    dense(parameters, `${name}.fc1`, { inChannels: channels, outChannels: hidden, initialise }),
    ACTIVATIONS[activation],
    dense(parameters, `${name}.fc2`, { inChannels: hidden, outChannels: channels, initialise }),
  ]);
}

export interface TransformerOptions {
  readonly channels: number;
  readonly heads: number;
  /** Width between the two dense layers. */
  readonly hidden: number;
  readonly activation: Activation;
  /** Epsilon of the layer norms. */
  readonly epsilon: number;
  /** Rate of stochastic depth. */
  readonly dropPath: number;
}

/**
 * Attention, then a dense layer pair, each on what a norm gives and each with a way past it. Parameters `path.norm1`,
 * `path.attn`, `path.norm2`, `path.mlp`.
 *
 * @source Dosovitskiy et al. 2021, arXiv:2010.11929, equations 2 and 3
 */
export function transformerBlock(parameters: Parameters, path: string, options: TransformerOptions): MapLayer {
  const { channels, heads, epsilon, dropPath } = options;
  const branch = (index: 1 | 2, layer: MapLayer): MapLayer =>
    residual(sequence([layerNorm(parameters, `${path}.norm${index}`, { channels, epsilon }), layer]), {
      path: `${path}.drop_path${index}`,
      dropPath,
    });
  return sequence([
    branch(1, attention(parameters, `${path}.attn`, { channels, heads, order: 'parts' })),
    branch(2, mlp(parameters, `${path}.mlp`, options)),
  ]);
}
