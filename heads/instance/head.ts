import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { type FeatureMaps, type FeatureSpec, type Level, levelsOf, mapSize } from '../../backbones/features.js';
import { fanInNormal, zeros } from '../../backbones/initialisers.js';
import { ACTIVATIONS, convolution } from '../../backbones/layers/index.js';
import type { Pass } from '../../backbones/module.js';
import type { Parameters } from '../../backbones/parameters.js';
import type { Instances } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
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
    const points = createPoints(instanceEncoderConfig(options, features, inputSize));
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
    const maskNet = createMaskNet(owner, levels.slice(0, MERGED), channels, options);
    const { stride } = features[valueAt(levels, 0)];
    const shift = shiftOf(options.masks.stride);
    return {
      forward: (maps, pass) => {
        const list = levels.map((level) => maps[level]);
        return {
          logits: nets.classNet(list, pass),
          bins: nets.boxNet(list, pass),
          kernels: kernelNet(list, pass),
          prototypes: maskNet(maps, pass),
        };
      },
      exported: {
        outputs: (raw) => instanceAnswer(raw, points),
        reading: { kind: 'instances', ...options.decode, stride, shift, maskThreshold: options.masks.threshold },
      },
      loss: (raw, targets, progress) => instanceLoss(raw, targets, points, stride, options, progress),
      decode: async (raw, placements) => {
        const [, height, width] = raw.prototypes.shape;
        const images = await imagesOf(raw, placements.length);
        return images.map(({ prototypes: values, ...image }, i) => {
          const outputs = { ...image, prototypes: { values, height, width, stride, shift } };
          return decodeInstances(outputs, points, valueAt(placements, i), options.decode, options.masks.threshold);
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
  const [finest] = levelsOf(features);
  const { stride } = features[finest as L];
  if (masks.stride > stride) {
    throw new ShapeError(
      `masks at every ${masks.stride} pixels are coarser than ${finest}, which has ${stride}: set masks.stride to ${stride} or less`,
    );
  }
  const [height, width] = mapSize(features[finest as L], ...inputSize);
  const times = stride / masks.stride;
  return {
    ...alignedEncoderConfig({ assign }, features, inputSize),
    maskSize: [height * times, width * times],
    maskStride: masks.stride,
  };
}

/** The finest levels at the size of the first, merged, and prototypes of them: [N, h, w, P]. */
function createMaskNet<In extends Level>(
  parameters: Parameters,
  levels: readonly In[],
  channels: number,
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
  const predict = pointwise('mask_net.predict', channels, masks.prototypes);
  const activate = ACTIVATIONS[activation];
  return (maps, pass) => {
    const [, height = 0, width = 0] = maps[valueAt(levels, 0)].shape;
    const sized = levels.map((level, i) => (i === 0 ? maps[level] : resizeBilinear(maps[level], height, width)));
    let x = activate(merge(tf.concat(sized, 3), pass));
    for (const block of blocks) x = block(x, pass);
    return predict(x, pass);
  };
}
