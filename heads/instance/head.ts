import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { type FeatureMaps, type FeatureSpec, type Level, levelsOf, mapSize } from '../../backbones/features.js';
import { fanInNormal, zeros } from '../../backbones/initialisers.js';
import { ACTIVATIONS, convolution } from '../../backbones/layers/index.js';
import type { Pass } from '../../backbones/module.js';
import type { Parameters } from '../../backbones/parameters.js';
import type { Instances } from '../../datasets/sample.js';
import { ShapeError } from '../../engine/errors.js';
import { resizeBilinear } from '../../engine/kernels/index.js';
import { separableBlock } from '../../necks/separable.js';
import { alignedEncoderConfig, alignedNets } from '../aligned/head.js';
import { commonChannels } from '../boxes/commonChannels.js';
import { createPoints } from '../boxes/points.js';
import { buildHead, imagesOf } from '../buildHead.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { createSubnet } from '../retina/subnet.js';
import { instanceAnswer } from './answer.js';
import { alikePairs } from './colours.js';
import { type InstanceConfig, instanceConfig } from './config.js';
import { decodeInstances } from './decode.js';
import { type InstanceEncoderConfig, type InstanceTargets, shiftOf } from './encoder.js';
import { type InstanceRaw, instanceLoss } from './loss.js';
import { countKernel } from './mask.js';

/** Levels that the prototypes are made of, the finest. */
const MERGED = 3;

/** The config's settings, and what the data decide; settings left out have the config's defaults. */
export type InstanceOptions = HeadSetting & Omit<z.input<typeof instanceConfig>, 'kind'>;

/**
 * Instance masks on the task-aligned head: every place predicts a small network beside class and box, which draws its object's mask
 * from prototypes of the image. Parameters `class_net`, `box_net` as in `aligned`, `kernel_net` likewise, `mask_net.merge`, `mask_net.conv_rep.<i>`,
 * `mask_net.predict`.
 *
 * @param features `neck.features`: maps of equal width
 * @throws ShapeError when the levels differ in width, or the masks are coarser than the finest of them
 * @source Tian et al. 2020, arXiv:2003.05664; Lyu et al. 2022, arXiv:2212.07784, section 3.4
 */
export function createInstanceHead<In extends Level>(
  { classes, inputSize, ...settings }: InstanceOptions,
  features: FeatureSpec<In>,
): Head<In, InstanceRaw, InstanceTargets, Instances> {
  return buildHead(instanceConfig, settings, features, ({ options, levels, owner }) => {
    const encoderConfig = instanceEncoderConfig(options, features, inputSize);
    const { maskSize } = encoderConfig;
    const points = createPoints(encoderConfig);
    const channels = commonChannels(features, 'instance');
    const nets = alignedNets(owner, options, features, { classes, inputSize });
    const { repeats, activation, frozen } = options;
    const kernelNet = createSubnet(owner, 'kernel_net', {
      levels: levels.length,
      channels,
      repeats,
      activation,
      anchorsPerCell: 1,
      outputs: countKernel(options.masks.prototypes),
      initialiseBias: zeros,
      frozen,
    });
    const doublings = Math.log2(features[levels[0] as In].stride / stridesOf(options, features).prototypeStride);
    const maskNet = createMaskNet(owner, levels.slice(0, MERGED), channels, doublings, options);
    const { prototypeStride: stride, stride: maskStride } = stridesOf(options, features);
    const shift = options.masks.learnFrom === 'boxes' ? 0 : shiftOf(maskStride);
    return {
      forward: (maps, pass, pixels) => {
        const list = levels.map((level) => maps[level]);
        const { learnFrom, pairs } = options.masks;
        const alike = learnFrom === 'boxes' && pass.training && pixels;
        return {
          logits: nets.classNet(list, pass),
          bins: nets.boxNet(list, pass),
          kernels: kernelNet(list, pass),
          prototypes: maskNet(maps, pass),
          ...(alike && { alike: alikePairs(coloursOf(alike()), maskSize, maskStride, pairs.similarity) }),
        };
      },
      exported: {
        outputs: (raw) => instanceAnswer(raw, points),
        reading: { kind: 'instances', ...options.decode, stride, shift, maskThreshold: options.masks.threshold },
      },
      loss: (raw, targets, progress) => instanceLoss(raw, targets, points, { stride, maskStride }, options, progress),
      decode: async ({ alike: _alike, ...raw }, placements) => {
        const [, height, width] = raw.prototypes.shape;
        const images = await imagesOf(raw, placements.length);
        return images.map(({ prototypes: values, ...image }, i) => {
          const outputs = { ...image, prototypes: { values, height, width, stride, shift } };
          return decodeInstances(outputs, points, placements[i]!, options.decode, options.masks.threshold);
        });
      },
    };
  });
}

/** What the head's encoder is made from: plain data. */
export function instanceEncoderConfig<L extends Level>(
  { assign, masks }: Pick<InstanceConfig, 'assign' | 'masks'>,
  features: FeatureSpec<L>,
  inputSize: HeadSetting['inputSize'],
): InstanceEncoderConfig {
  const { finestStride, stride } = stridesOf({ masks }, features);
  const [finest] = levelsOf(features);
  const [height, width] = mapSize(features[finest as L], ...inputSize);
  const times = finestStride / stride;
  return {
    ...alignedEncoderConfig({ assign }, features, inputSize),
    maskSize: [height * times, width * times],
    maskStride: stride,
  };
}

/** @throws ShapeError for images without colours */
function coloursOf(pixels: tf.Tensor4D): tf.Tensor4D {
  if (pixels.shape[3] === 3) return pixels;
  throw new ShapeError(
    `masks.learnFrom: boxes compares colours, images have ${pixels.shape[3]} channels: give RGB images, or learn from masks`,
  );
}

/** Pixels of the input between points of the masks where nothing is said. */
const MASK_STRIDE = 4;

/**
 * Pixels of the input between cells of the finest map, prototypes, and points of the masks.
 *
 * @throws ShapeError where prototypes are coarser than the map they are made of, or points than the prototypes
 */
function stridesOf<L extends Level>({ masks }: Pick<InstanceConfig, 'masks'>, features: FeatureSpec<L>) {
  const [finest] = levelsOf(features);
  const { stride: finestStride } = features[finest as L];
  const prototypeStride = masks.prototypeStride ?? finestStride;
  if (prototypeStride > finestStride) {
    throw new ShapeError(
      `prototypes at every ${prototypeStride} pixels are coarser than ${finest}, which has ${finestStride}: set masks.prototypeStride to ${finestStride} or less`,
    );
  }
  const stride = masks.stride ?? Math.min(MASK_STRIDE, prototypeStride);
  if (stride > prototypeStride) {
    const source = masks.prototypeStride === null ? `${finest}, which has` : 'the prototypes, which have';
    throw new ShapeError(
      `masks at every ${stride} pixels are coarser than ${source} ${prototypeStride}: set masks.stride to ${prototypeStride} or less`,
    );
  }
  return { finestStride, prototypeStride, stride };
}

/** The finest levels at the size of the first, merged, doubled so often, and prototypes of them: [N, h, w, P]. */
function createMaskNet<In extends Level>(
  parameters: Parameters,
  levels: readonly In[],
  channels: number,
  doublings: number,
  { masks, activation, frozen }: Pick<InstanceConfig, 'masks' | 'activation' | 'frozen'>,
): (maps: FeatureMaps<In>, pass: Pass) => tf.Tensor4D {
  const pointwise = (path: string, inChannels: number, outChannels: number) =>
    convolution(parameters, path, {
      kernel: 1,
      stride: 1,
      padding: 'same',
      bias: true,
      inChannels,
      outChannels,
      initialise: fanInNormal,
      frozen,
    });
  const merge = pointwise('mask_net.merge', levels.length * channels, channels);
  const shared = { inChannels: channels, outChannels: channels, frozen, initialise: fanInNormal, activation };
  const blocks = Array.from({ length: masks.repeats }, (_, i) =>
    separableBlock(parameters, { mix: `mask_net.conv_rep.${i}`, norm: `mask_net.bn_rep.${i}.bn` }, shared),
  );
  // Half as many channels on each grid of four times as many cells.
  const widthOf = (doubled: number): number => Math.min(channels, Math.max(masks.prototypes, channels >> doubled));
  const finer = Array.from({ length: doublings }, (_, i) => {
    const names = { mix: `mask_net.up_rep.${i}`, norm: `mask_net.up_rep.${i}.bn` };
    return separableBlock(parameters, names, {
      ...shared,
      inChannels: widthOf(i),
      outChannels: widthOf(i + 1),
    });
  });
  const predict = pointwise('mask_net.predict', widthOf(doublings), masks.prototypes);
  const activate = ACTIVATIONS[activation];
  return (maps, pass) => {
    const [, height = 0, width = 0] = maps[levels[0] as In].shape;
    const sized = levels.map((level, i) => (i === 0 ? maps[level] : resizeBilinear(maps[level], height, width)));
    let x = activate(merge(tf.concat(sized, 3), pass));
    for (const block of blocks) x = block(x, pass);
    for (const [i, block] of finer.entries()) {
      const times = 2 ** (i + 1);
      x = block(resizeBilinear(x, height * times, width * times), pass);
    }
    return predict(x, pass);
  };
}
