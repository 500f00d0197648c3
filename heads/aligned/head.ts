import type * as z from 'zod';
import { type FeatureSpec, type Level, levelsOf } from '../../backbones/features.js';
import { zeros } from '../../backbones/initialisers.js';
import type { Parameters } from '../../backbones/parameters.js';
import type { Detections } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { commonChannels } from '../boxes/commonChannels.js';
import { createPoints, gridsOf } from '../boxes/points.js';
import { priorBias } from '../boxes/prior.js';
import { buildHead, imagesOf } from '../buildHead.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { createSubnet } from '../retina/subnet.js';
import { alignedAnswer } from './answer.js';
import { type AlignedConfig, alignedConfig, regMaxOf } from './config.js';
import { decodeAligned } from './decode.js';
import type { AlignedEncoderConfig, AlignedTargets } from './encoder.js';
import { type AlignedRaw, alignedLoss } from './loss.js';

/** The config's settings, and what the data decide; settings left out have the config's defaults. */
export type AlignedOptions = HeadSetting & Omit<z.input<typeof alignedConfig>, 'kind'>;

/**
 * The task-aligned head: for every place of every map the quality of each class, and how far the sides of its object are, as
 * distributions. Two towers of separable convolutions that all levels share, with norms of their own; parameters named as
 * EfficientDet's (`class_net.conv_rep.0.conv_dw.weight`, `box_net.predict.conv_pw.bias`).
 *
 * @param features `neck.features`: maps of equal width
 * @throws ShapeError when the levels differ in width
 * @source Feng et al. 2021, arXiv:2108.07755 (assignment); Li et al. 2020, arXiv:2006.04388 (qualities, distributions)
 */
export function createAlignedHead<In extends Level>(
  { classes, inputSize, ...settings }: AlignedOptions,
  features: FeatureSpec<In>,
): Head<In, AlignedRaw, AlignedTargets, Detections> {
  return buildHead(alignedConfig, settings, features, ({ options, levels, owner }) => {
    const points = createPoints(alignedEncoderConfig(options, features, inputSize));
    const nets = alignedNets(owner, options, features, { classes, inputSize });
    return {
      forward: (maps, pass) => {
        const list = levels.map((level) => maps[level]);
        return { logits: nets.classNet(list, pass), bins: nets.boxNet(list, pass) };
      },
      exported: {
        outputs: (raw) => alignedAnswer(raw, points),
        reading: { kind: 'boxes', ...options.decode },
      },
      loss: (raw, targets, progress) => alignedLoss(raw, targets, points, options, progress),
      decode: async (raw, placements) => {
        const images = await imagesOf(raw, placements.length);
        return images.map((image, i) => decodeAligned(image, points, valueAt(placements, i), options.decode));
      },
    };
  });
}

/** The towers of classes and of boxes. */
export function alignedNets<L extends Level>(
  owner: Parameters,
  { repeats, activation, frozen, regMax }: Pick<AlignedConfig, 'repeats' | 'activation' | 'frozen' | 'regMax'>,
  features: FeatureSpec<L>,
  { classes, inputSize }: HeadSetting,
) {
  const channels = commonChannels(features, 'aligned');
  const shared = { levels: levelsOf(features).length, channels, repeats, activation, anchorsPerCell: 1, frozen };
  const outputs = 4 * (regMaxOf({ regMax }, inputSize) + 1);
  return {
    classNet: createSubnet(owner, 'class_net', { ...shared, outputs: classes, initialiseBias: priorBias }),
    boxNet: createSubnet(owner, 'box_net', { ...shared, outputs, initialiseBias: zeros }),
  };
}

/** What the head's encoder is made from: plain data. */
export function alignedEncoderConfig<L extends Level>(
  { assign: { maxObjects, atssTopK } }: Pick<AlignedConfig, 'assign'>,
  features: FeatureSpec<L>,
  inputSize: HeadSetting['inputSize'],
): AlignedEncoderConfig {
  return { maxObjects, atssTopK, grids: gridsOf(features, inputSize) };
}
