import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import type { FeatureSpec, Level } from '../../backbones/features.js';
import { normal, ones, zeros } from '../../backbones/initialisers.js';
import { convolution, groupNorm, type MapLayer, sequence } from '../../backbones/layers/index.js';
import type { Parameters } from '../../backbones/parameters.js';
import type { Detections } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { ShapeError } from '../../engine/errors.js';
import { commonChannels } from '../boxes/commonChannels.js';
import { createPoints, gridsOf } from '../boxes/points.js';
import { priorBias } from '../boxes/prior.js';
import { buildHead, imagesOf } from '../buildHead.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { fcosAnswer } from './answer.js';
import { type FcosConfig, fcosConfig } from './config.js';
import { decodeFcos } from './decode.js';
import type { FcosEncoderConfig, FcosTargets } from './encoder.js';
import { type FcosRaw, fcosLoss } from './loss.js';

const EPSILON = 1e-5;
const STD = 0.01;

/** The config's settings, and what the data decide; settings left out have the config's defaults. */
export type FcosOptions = HeadSetting & Omit<z.input<typeof fcosConfig>, 'kind'>;

/**
 * FCOS's head: for every place of every map a class, the distances to the sides of its object, and how near its centre it is.
 * Two towers that all levels share; parameters are named as in torchvision (`classification_head.conv.0.weight`,
 * `regression_head.bbox_reg.weight`), and `regression_head.scales.<level>` where levels have scales.
 *
 * @param features `neck.features`: maps of equal width
 * @throws ShapeError when the levels differ in width, or the groups of the norm do not divide it
 * @source Tian et al. 2019, arXiv:1904.01355; centre-ness from the box tower and distances in cells as in its later version
 */
export function createFcosHead<In extends Level>(
  { classes, inputSize, ...settings }: FcosOptions,
  features: FeatureSpec<In>,
): Head<In, FcosRaw, FcosTargets, Detections> {
  return buildHead(fcosConfig, settings, features, ({ options, levels, owner }) => {
    const channels = commonChannels(features, 'fcos');
    checkGroups(channels, options.groups);
    const points = createPoints(fcosEncoderConfig(options, features, inputSize));
    const classTower = tower(owner, 'classification_head', channels, options);
    const classify = conv(owner, 'classification_head.cls_logits', channels, classes, priorBias);
    const boxTower = tower(owner, 'regression_head', channels, options);
    const regress = conv(owner, 'regression_head.bbox_reg', channels, 4);
    const centre = conv(owner, 'regression_head.bbox_ctrness', channels, 1);
    const scale = { shape: [], layout: 'plain', role: 'scale', initialise: ones } as const;
    const scales = levels.map((level) =>
      options.levelScales ? owner.create(`regression_head.scales.${level}`, scale) : null,
    );
    const positive = options.regression === 'exp' ? tf.exp : tf.relu;
    return {
      forward: (maps, pass) => {
        const parts = levels.map((level, i) => {
          const map = maps[level];
          const [batch, height, width] = map.shape;
          const rows = <T extends tf.Tensor>(output: tf.Tensor, ...last: number[]): T =>
            tf.reshape(output, [batch, height * width, ...last]) as T;
          const boxes = boxTower(map, pass);
          const distances = regress(boxes, pass);
          const scale = scales[i];
          return {
            logits: rows<tf.Tensor3D>(classify(classTower(map, pass), pass), classes),
            distances: positive(rows<tf.Tensor3D>(scale ? tf.mul(distances, scale) : distances, 4)),
            centerness: rows<tf.Tensor2D>(centre(boxes, pass)),
          };
        });
        const joined = <T extends tf.Tensor>(of: (part: (typeof parts)[number]) => T): T => tf.concat(parts.map(of), 1);
        return {
          logits: joined(({ logits }) => logits),
          distances: joined(({ distances }) => distances),
          centerness: joined(({ centerness }) => centerness),
        };
      },
      exported: {
        outputs: (raw) => fcosAnswer(raw, points, options.decode.scoreThreshold),
        reading: { kind: 'boxes', ...options.decode, scoreThreshold: 0 }, // the graph applies it
      },
      loss: (raw, targets) => fcosLoss(raw, targets, options.loss),
      decode: async (raw, placements) => {
        const images = await imagesOf(raw, placements.length);
        return images.map((image, i) => decodeFcos(image, points, valueAt(placements, i), options.decode));
      },
    };
  });
}

/** What the head's encoder is made from: plain data. */
export function fcosEncoderConfig<L extends Level>(
  { assign }: Pick<FcosConfig, 'assign'>,
  features: FeatureSpec<L>,
  inputSize: HeadSetting['inputSize'],
): FcosEncoderConfig {
  return { ...assign, grids: gridsOf(features, inputSize) };
}

/** Convolution, group norm and ReLU, several times. Parameters `path.conv.0.*` (convolution), `path.conv.1.*` (norm), and so on. */
function tower(parameters: Parameters, path: string, channels: number, { repeats, groups }: FcosConfig): MapLayer {
  const layers = Array.from({ length: repeats }, (_, i) => [
    conv(parameters, `${path}.conv.${3 * i}`, channels, channels),
    groupNorm(parameters, `${path}.conv.${3 * i + 1}`, { channels, groups, epsilon: EPSILON }),
    (map: tf.Tensor4D) => tf.relu(map),
  ]);
  return sequence(layers.flat());
}

function conv(
  parameters: Parameters,
  path: string,
  inChannels: number,
  outChannels: number,
  initialiseBias = zeros,
): MapLayer {
  return convolution(parameters, path, {
    kernel: 3,
    stride: 1,
    padding: 'same',
    bias: true,
    inChannels,
    outChannels,
    initialise: normal(STD),
    initialiseBias,
  });
}

/** @throws ShapeError when the groups of the norm do not divide the channels */
function checkGroups(channels: number, groups: number): void {
  if (channels % groups === 0) return;
  throw new ShapeError(
    `${channels} channels cannot be split into ${groups} groups: set the head's groups to a divisor of ${channels}`,
  );
}
