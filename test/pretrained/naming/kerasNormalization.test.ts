import { describe, expect, it } from 'vitest';
import { CAFFE, IMAGENET } from '../../../backbones/backbone.js';
import { convertWeights } from '../../../pretrained/convert.js';
import { normalizationOf } from '../../../pretrained/naming/kerasNormalization.js';
import type { HostTensor } from '../../../weights/hostTensor.js';
import { heldTensor, type WeightsFile } from '../../../weights/weightsFile.js';

const tensor = (...values: readonly number[]): HostTensor => ({
  dtype: 'F32',
  shape: [values.length],
  data: Float32Array.from(values),
});

const fileOf = (
  tensors: { readonly [name: string]: HostTensor },
  metadata: { readonly [key: string]: string } = {},
): WeightsFile => ({
  format: 'keras',
  tensors: new Map(Object.entries(tensors).map(([name, value]) => [name, heldTensor(value)])),
  metadata,
});

const layer = (mean: HostTensor, variance: HostTensor, name = 'normalization') => ({
  [`${name}/mean`]: mean,
  [`${name}/variance`]: variance,
});
const OWN = layer(tensor(0.25, 0.5, 0.75), tensor(0.04, 0.09, 0.01));

describe("Keras's normalization layer", () => {
  it('becomes mean and spread of pixels, of a layer of any number', () => {
    const { mean, std } = normalizationOf(fileOf(OWN)) ?? IMAGENET;
    expect(mean).toEqual([63.75, 127.5, 191.25]);
    [51, 76.5, 25.5].forEach((expected, i) => {
      expect(std[i]).toBeCloseTo(expected, 4);
    });
    const later = layer(tensor(0), tensor(1), 'normalization_12');
    expect(normalizationOf(fileOf(later))).toEqual({ channels: 'RGB', mean: [0, 0, 0], std: [255, 255, 255] });
    expect(normalizationOf(fileOf({ 'stem_bn/gamma': tensor(1) }))).toBeNull();
  });

  it("is ImageNet's where the file holds what Keras's released weights hold", () => {
    const released = layer(tensor(0.485, 0.456, 0.406), tensor(0.229, 0.224, 0.225));
    expect(normalizationOf(fileOf(released, { rescalings: '2' }))).toEqual(IMAGENET);
  });

  it('divides by no zero', () => {
    const { std } = normalizationOf(fileOf(layer(tensor(0), tensor(0)))) ?? IMAGENET;
    expect(std[0]).toBeCloseTo(255e-7, 9);
  });

  it('is refused where it cannot be told what else happens to the image', () => {
    expect(() => normalizationOf(fileOf({ ...OWN, ...layer(tensor(0), tensor(1), 'normalization_1') }))).toThrow(
      /2 normalization layers \(normalization, normalization_1\)/,
    );
    expect(() => normalizationOf(fileOf(OWN, { rescalings: '2' }))).toThrow(/several rescaling layers/);
    expect(() => normalizationOf(fileOf(layer(tensor(0, 1), tensor(1, 1))))).toThrow(
      /'normalization\/mean' is \[0,1\]: expected a number for each of 3 channels/,
    );
    expect(() => normalizationOf(fileOf(layer(tensor(0), tensor(-1))))).toThrow(/variance' is \[-1\]/);
    expect(() => normalizationOf(fileOf({ 'normalization/mean': tensor(0) }))).toThrow(/variance' is \[\]/);
  });
});

describe('converting weights with a normalization layer', () => {
  const module = {
    parameters: new Map([
      ['conv_stem.weight', { layout: 'convolution', role: 'weight', variable: { shape: [1, 1, 3, 2] } }],
      ['conv1.weight', { layout: 'convolution', role: 'weight', variable: { shape: [1, 1, 3, 2] } }],
      ['blocks.0.0.conv_dw.weight', { layout: 'depthwise', role: 'weight', variable: { shape: [1, 1, 2, 1] } }],
    ] as const),
  };
  const kernel: HostTensor = { dtype: 'F32', shape: [1, 1, 3, 2], data: new Float32Array(6) };
  const depthwise: HostTensor = { dtype: 'F32', shape: [1, 1, 2, 1], data: new Float32Array(2) };
  const efficientNet = { 'stem_conv/kernel': kernel, 'block1a_dwconv/kernel': depthwise };
  const resNet = { 'conv1_conv/kernel': kernel, 'conv2_block1_1_conv/kernel': kernel };
  const convert = (tensors: { readonly [name: string]: HostTensor }, preparation?: 'own' | 'caffe') =>
    convertWeights(fileOf(tensors), module, { partial: ['*'], ...(preparation ? { preparation } : {}) });

  it('says what an EfficientNet of Keras expects of an image, unless told that it is what the network says', () => {
    expect(convert({ ...efficientNet, ...OWN }).preprocessing?.mean).toEqual([63.75, 127.5, 191.25]);
    expect(convert(efficientNet).preprocessing).toBeNull();
    expect(convert({ ...efficientNet, ...OWN }, 'own').preprocessing).toBeNull();
  });

  it('refuses a layer in front of another network, unless told how images come', () => {
    expect(() => convert({ ...resNet, ...OWN })).toThrow(/a layer 'normalization' of its own.*--preparation own/);
    expect(convert({ ...resNet, ...OWN }, 'own').preprocessing).toBeNull();
    expect(convert({ ...resNet, ...OWN }, 'caffe').preprocessing).toEqual(CAFFE);
    expect(convert(resNet).preprocessing).toEqual(CAFFE);
  });
});
