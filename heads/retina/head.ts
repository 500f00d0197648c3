import type * as z from 'zod';
import { type FeatureMaps, type FeatureSpec, type Level, levelsOf, mapSize } from '../../backbones/features.js';
import { zeros } from '../../backbones/initialisers.js';
import type { Detections } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { ShapeError } from '../../engine/errors.js';
import { commonChannels } from '../boxes/commonChannels.js';
import { priorBias } from '../boxes/prior.js';
import { buildHead, imagesOf } from '../buildHead.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { type AnchorConfig, anchorsPerCell, createAnchors } from './anchors.js';
import { retinaAnswer } from './answer.js';
import { type RetinaConfig, retinaConfig } from './config.js';
import { decodeRetina } from './decode.js';
import type { RetinaEncoderConfig, RetinaTargets } from './encoder.js';
import { type RetinaRaw, retinaLoss } from './loss.js';
import { createSubnet } from './subnet.js';

/** The config's settings, and what the data decide; settings left out have the config's defaults. */
export type RetinaOptions = HeadSetting & Omit<z.input<typeof retinaConfig>, 'kind'>;

/**
 * RetinaNet's head as EfficientDet has it: a class and a box network over all levels of a pyramid; parameters named as
 * in effdet (`class_net.conv_rep.0.conv_dw.weight`, `box_net.predict.conv_pw.bias`).
 *
 * @param features `neck.features`: maps of equal width
 * @throws ShapeError when the levels differ in width
 * @source Lin et al. 2017, arXiv:1708.02002; Tan et al. 2020, arXiv:1911.09070
 */
export function createRetinaHead<In extends Level>(
  { classes, inputSize, ...settings }: RetinaOptions,
  features: FeatureSpec<In>,
): Head<In, RetinaRaw, RetinaTargets, Detections> {
  return buildHead(retinaConfig, settings, features, ({ options, levels, owner }) => {
    const anchors = createAnchors(encoderConfigOf(options, features, inputSize));
    const shared = {
      levels: levels.length,
      channels: commonChannels(features, 'detection'),
      repeats: options.repeats,
      activation: options.activation,
      anchorsPerCell: anchorsPerCell(options.anchors),
      frozen: options.frozen,
    };
    const classNet = createSubnet(owner, 'class_net', { ...shared, outputs: classes, initialiseBias: priorBias });
    const boxNet = createSubnet(owner, 'box_net', { ...shared, outputs: 4, initialiseBias: zeros });
    return {
      forward: (maps, pass) => {
        checkMaps(maps, features, inputSize);
        const list = levels.map((level) => maps[level]);
        return { logits: classNet(list, pass), offsets: boxNet(list, pass) };
      },
      exported: {
        outputs: (raw) => retinaAnswer(raw, anchors),
        reading: { kind: 'boxes', ...options.decode },
      },
      loss: (raw, targets) => retinaLoss(raw, targets, options.loss),
      decode: async (raw, placements) => {
        const images = await imagesOf(raw, placements.length);
        return images.map((image, i) => decodeRetina(image, anchors, valueAt(placements, i), options.decode));
      },
    };
  });
}

/** What the head's encoder is made from: plain data. */
export function encoderConfigOf<L extends Level>(
  { anchors }: Pick<RetinaConfig, 'anchors'>,
  features: FeatureSpec<L>,
  inputSize: HeadSetting['inputSize'],
): RetinaEncoderConfig {
  const grids = levelsOf(features).map((level) => mapSize(features[level], ...inputSize));
  return { ...anchors, inputSize, grids };
}

function checkMaps<L extends Level>(
  maps: FeatureMaps<L>,
  features: FeatureSpec<L>,
  inputSize: AnchorConfig['inputSize'],
): void {
  for (const level of levelsOf(features)) {
    const wanted = [...mapSize(features[level], ...inputSize), features[level].channels];
    const found = maps[level].shape.slice(1);
    if (wanted.every((size, i) => size === found[i])) continue;
    throw new ShapeError(
      `${level} is [${found}], the detection head expects [${wanted}] for an input of ${inputSize.join(' x ')} pixels: build it with the inputSize of the images`,
    );
  }
}
