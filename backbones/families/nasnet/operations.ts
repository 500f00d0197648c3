import * as tf from '@tensorflow/tfjs-core';
import { avgPool, maxPool } from '../../../engine/kernels/index.js';
import {
  ACTIVATIONS,
  batchNorm,
  convNorm,
  convolution,
  depthwise,
  type MapLayer,
  sequence,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { EPSILON as epsilon, type Operation } from './spec.js';

interface Place {
  readonly stride: number;
  readonly inChannels: number;
  readonly outChannels: number;
}
const { relu } = ACTIVATIONS;
const NORM = { epsilon, momentum: 0.9 } as const; // PyTorch writes this momentum as 0.1

/** @param path of its parameters, e.g. 'cell_0.comb_iter_0_left' */
export function operation(parameters: Parameters, path: string, kind: Operation, place: Place): MapLayer {
  const { stride, inChannels, outChannels } = place;
  switch (kind) {
    case 'separable3':
      return separable(parameters, path, 3, place);
    case 'separable5':
      return separable(parameters, path, 5, place);
    case 'separable7':
      return separable(parameters, path, 7, place);
    case 'average':
      return (map) => average(map, stride);
    case 'maximum': {
      const pool: MapLayer = (map) => maxPool(map, WINDOW, [stride, stride], 'same');
      return inChannels === outChannels ? pool : sequence([pool, project(parameters, path, inChannels, outChannels)]);
    }
    case 'pointwise':
      return sequence([relu, convNorm(parameters, path, { kernel: 1, stride, inChannels, outChannels, epsilon })]);
    case 'identity':
      return (map) => map;
  }
}

/** To another width. */
export function project(parameters: Parameters, path: string, inChannels: number, outChannels: number): MapLayer {
  return convNorm(parameters, path, { kernel: 1, inChannels, outChannels, epsilon });
}

/**
 * To half the resolution and another width without losing every second cell: half the channels come from the even cells,
 * half from the odd ones.
 */
export function halve(parameters: Parameters, path: string, inChannels: number, outChannels: number): MapLayer {
  const half = (name: string): MapLayer =>
    convolution(parameters, `${path}${name}.conv`, {
      kernel: 1,
      stride: 2,
      padding: 'valid',
      bias: false,
      inChannels,
      outChannels: outChannels / 2,
    });
  const [even, odd] = [half('path_1'), half('path_2')];
  const norm = batchNorm(parameters, `${path}final_path_bn`, { channels: outChannels, ...NORM });
  return (map, pass) => tf.tidy(() => norm(tf.concat([even(map, pass), odd(shifted(map), pass)], 3), pass));
}

/** Without its first row and column, with zeros after the last. */
function shifted(map: tf.Tensor4D): tf.Tensor4D {
  const none: [number, number] = [0, 0];
  const one: [number, number] = [0, 1];
  return tf.slice4d(tf.pad(map, [none, one, one, none]), [0, 1, 1, 0], map.shape);
}

/** Twice: ReLU, one filter per channel, 1x1, norm; the first time with the stride and to the new width. */
function separable(parameters: Parameters, path: string, kernel: number, place: Place): MapLayer {
  const { stride, inChannels, outChannels } = place;
  const part = (index: 1 | 2, from: number, step: number): MapLayer[] => {
    const name = `${path}.separable_${index}`;
    const window = { padding: 'same', bias: false } as const;
    return [
      relu,
      depthwise(parameters, `${name}.depthwise_conv2d`, { ...window, kernel, stride: step, channels: from }),
      convolution(parameters, `${name}.pointwise_conv2d`, {
        ...window,
        kernel: 1,
        stride: 1,
        inChannels: from,
        outChannels,
      }),
      batchNorm(parameters, `${path}.bn_sep_${index}`, { channels: outChannels, ...NORM }),
    ];
  };
  return sequence([...part(1, inChannels, stride), ...part(2, outChannels, 1)]);
}

const WINDOW = [3, 3] as const;

/** TensorFlow's padding; as in the originals in PyTorch its zeros count where the resolution falls. */
function average(map: tf.Tensor4D, stride: number): tf.Tensor4D {
  if (stride === 1) return avgPool(map, WINDOW, [1, 1], 'same');
  const sides = [1, 2].flatMap((axis) => {
    const cells = map.shape[axis] ?? 0;
    const total = Math.max(0, (Math.ceil(cells / stride) - 1) * stride + 3 - cells);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
  const [top = 0, bottom = 0, left = 0, right = 0] = sides;
  return avgPool(map, WINDOW, [stride, stride], [top, bottom, left, right], { countPadding: true });
}
