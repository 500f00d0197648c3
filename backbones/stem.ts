import { valueAt } from '../engine/checked.js';
import { WeightsError } from '../engine/errors.js';
import type { HostTensor, HostTensors } from '../weights/hostTensor.js';
import type { Preprocessing } from './backbone.js';
import type { Module } from './module.js';

/**
 * Makes pretrained weights fit images of another number of channels: the first convolution's kernels are summed for one
 * channel; for other numbers they are repeated in their order and scaled by 3 / channels, so that its output keeps its size.
 *
 * @param tensors    in PyTorch's layout
 * @param stem       path of the convolution that sees the image, see `Backbone.stem`
 * @param inChannels channels of the image
 * @returns          the same tensors with another `stem.weight`, or these where it fits already
 * @throws WeightsError when the weights have no such convolution, or it was made for other than RGB images
 * @source timm, adapt_input_conv
 */
export function foldStem(tensors: HostTensors, stem: string, inChannels: number): HostTensors {
  const name = `${stem}.weight`;
  const weight = tensors.get(name);
  if (!weight) throw new WeightsError(`the weights have no '${name}', the convolution that sees the image`);
  const [, channels = 0] = weight.shape;
  if (channels === inChannels) return tensors;
  if (channels !== 3) {
    throw new WeightsError(
      `'${name}' is made for ${channels} channels: only RGB weights can be made to fit ${inChannels}`,
    );
  }
  return new Map([...tensors, [name, folded(weight, inChannels)]]);
}

/** Anything whose first convolution sees the image. */
export interface Stemmed extends Pick<Module, 'parameters'> {
  /** Path of that convolution. */
  readonly stem: string;
}

/**
 * Channels of the images a network takes.
 *
 * @throws WeightsError when it has no parameter of that name
 */
export function inChannelsOf({ stem, parameters }: Stemmed): number {
  const channels = parameters.get(`${stem}.weight`)?.variable.shape[2]; // of [kh, kw, in, out]
  if (channels === undefined) throw new WeightsError(`the network has no '${stem}.weight' that could see an image`);
  return channels;
}

/**
 * What the weights expect of each channel, for images of another number of them: the mean of the three for one channel,
 * else theirs in turn, as `foldStem` repeats the kernels.
 */
export function foldPreprocessing(preprocessing: Preprocessing, inChannels: number): Preprocessing {
  const { channels, mean, std } = preprocessing;
  if (mean.length === inChannels) return preprocessing;
  return { channels, mean: spread(mean, inChannels), std: spread(std, inChannels) };
}

function spread(values: readonly number[], count: number): readonly number[] {
  if (count === 1) return [values.reduce((sum, value) => sum + value, 0) / values.length];
  return Array.from({ length: count }, (_, channel) => valueAt(values, channel % values.length));
}

/** [out, 3, ...] -> [out, inChannels, ...]. */
function folded({ shape, data }: HostTensor, inChannels: number): HostTensor {
  const [out = 0, , ...window] = shape;
  const size = window.reduce((product, side) => product * side, 1);
  const values = new Float32Array(out * inChannels * size);
  const at = (filter: number, channel: number, i: number): number => Number(data[(filter * 3 + channel) * size + i]);
  for (let index = 0; index < values.length; index++) {
    const i = index % size;
    const channel = Math.floor(index / size) % inChannels;
    const filter = Math.floor(index / (size * inChannels));
    values[index] =
      inChannels === 1
        ? at(filter, 0, i) + at(filter, 1, i) + at(filter, 2, i)
        : at(filter, channel % 3, i) * (3 / inChannels);
  }
  return { dtype: 'F32', shape: [out, inChannels, ...window], data: values };
}
