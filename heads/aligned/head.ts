import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { type FeatureSpec, type Level, levelsOf, mapSize } from '../../backbones/features.js';
import { constant, zeros } from '../../backbones/initialisers.js';
import { createParameters, type Parameters } from '../../backbones/parameters.js';
import { readSettings } from '../../backbones/settings.js';
import type { Detections } from '../../datasets/sample.js';
import { commonChannels } from '../boxes/commonChannels.js';
import { createPoints } from '../boxes/points.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { createSubnet } from '../retina/subnet.js';
import { alignedAnswer } from './answer.js';
import { type AlignedConfig, alignedConfig, regMaxOf } from './config.js';
import { decodeAligned } from './decode.js';
import type { AlignedEncoderConfig, AlignedTargets } from './encoder.js';
import { type AlignedRaw, alignedLoss } from './loss.js';

/** Every class starts at this probability, so that the background does not drown the first steps. */
const PRIOR = 0.01;

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
  const options = readSettings(alignedConfig, { ...settings, kind: 'aligned' }, 'aligned head');
  const levels = levelsOf(features);
  const points = createPoints(alignedEncoderConfig(options, features, inputSize));
  const owner = createParameters(options.seed ?? 1);
  const nets = alignedNets(owner, options, features, { classes, inputSize });
  return {
    inputs: features,
    parameters: owner.parameters,
    dispose: owner.dispose,
    forward: (maps, pass) =>
      tf.tidy(() => {
        const list = levels.map((level) => maps[level]);
        return { logits: nets.classNet(list, pass), bins: nets.boxNet(list, pass) };
      }),
    exported: {
      outputs: (raw) => alignedAnswer(raw, points),
      reading: { kind: 'boxes', ...options.decode },
    },
    loss: (raw, targets, progress) => alignedLoss(raw, targets, points, options, progress),
    decode: async (raw, placements) => {
      const [logits, bins] = (await Promise.all([raw.logits.data(), raw.bins.data()])) as [Float32Array, Float32Array];
      return placements.map((placement, i) => {
        const image = { logits: rowOf(logits, i, placements.length), bins: rowOf(bins, i, placements.length) };
        return decodeAligned(image, points, placement, options.decode);
      });
    },
  };
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
  const initialiseBias = constant(Math.log(PRIOR / (1 - PRIOR)));
  const outputs = 4 * (regMaxOf({ regMax }, inputSize) + 1);
  return {
    classNet: createSubnet(owner, 'class_net', { ...shared, outputs: classes, initialiseBias }),
    boxNet: createSubnet(owner, 'box_net', { ...shared, outputs, initialiseBias: zeros }),
  };
}

/** What the head's encoder is made from: plain data. */
export function alignedEncoderConfig<L extends Level>(
  { assign: { maxObjects, atssTopK } }: Pick<AlignedConfig, 'assign'>,
  features: FeatureSpec<L>,
  inputSize: HeadSetting['inputSize'],
): AlignedEncoderConfig {
  const grids = levelsOf(features).map((level) => {
    const [height, width] = mapSize(features[level], ...inputSize);
    return { height, width, stride: features[level].stride };
  });
  return { maxObjects, atssTopK, grids };
}

export function rowOf(values: Float32Array, row: number, rows: number): Float32Array {
  const size = values.length / rows;
  return values.subarray(row * size, (row + 1) * size);
}
