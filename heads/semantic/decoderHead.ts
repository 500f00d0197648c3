import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { type FeatureInfo, type FeatureMaps, type FeatureSpec, type Level, mapSize } from '../../backbones/features.js';
import { glorotUniform } from '../../backbones/initialisers.js';
import { convolution, type MapLayer } from '../../backbones/layers/index.js';
import type { Parameters } from '../../backbones/parameters.js';
import { MOST_OVERLAPPING } from '../../datasets/overlap.js';
import { type ClassMap, IGNORED } from '../../datasets/sample.js';
import { ConfigError } from '../../engine/errors.js';
import { resizeAligned, resizeBilinear } from '../../engine/kernels/index.js';
import { classMapReadingOf } from '../answers/classMap.js';
import { buildHead, imagesOf } from '../buildHead.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { averageLogits } from './average.js';
import { coveredSize } from './coveredSize.js';
import { decodeClassMap } from './decode.js';
import { type SemanticDecoderConfig, semanticDecoderConfig } from './decoderConfig.js';
import { classLogits, type DecoderRaw, decoderLoss } from './decoderLoss.js';
import { infoOf, mapOf, wholeInput } from './decoders/decoder.js';
import { createDecoder, type Decoder } from './decoders/index.js';
import type { SemanticTargets } from './encoder.js';
import { checkClassWeights } from './losses/index.js';
import { imageClassifier } from './parts/imageClassifier.js';
import { gridOf, resizeTo } from './parts/interpolate.js';
import { stageWeightsOf } from './stageWeights.js';

/** The config's settings, and what the data decide; settings left out have the config's defaults. K is 1 to 255. */
export type SemanticDecoderOptions = HeadSetting & Omit<z.input<typeof semanticDecoderConfig>, 'kind'>;

/**
 * Class of every pixel by a decoder that reads the backbone's maps directly: one convolution over the decoder's map, resized
 * to the input. Parameters `decoder.*`, `segmentation_head.0.*`, of the auxiliary answer `classification_head.3.*`, named as
 * in segmentation_models_pytorch; with deep supervision also `deep_supervision.0.*` and so on.
 *
 * @param features `backbone.features`; `inputs` of the head are those of them that the decoder reads
 * @throws ConfigError when settings do not fit each other, ShapeError when the backbone lacks a map
 */
export function createSemanticDecoderHead(
  { classes, inputSize, overlaps = false, ...settings }: SemanticDecoderOptions,
  features: Partial<FeatureSpec>,
): Head<Level, DecoderRaw, SemanticTargets, ClassMap> {
  return buildHead(semanticDecoderConfig, settings, features as FeatureSpec, ({ options, owner }) => {
    const { auxiliary, upsampling } = options;
    checkClasses(classes, overlaps, options);
    const decoder = createDecoder(options.decoder, { inputSize, outputs: classes }, features, owner);
    const deepest = decoder.levels.at(-1) ?? 'P5';
    const [finest = 'P5'] = decoder.levels;
    if (options.deepSupervision && decoder.stages.length === 0) {
      throw new ConfigError(
        `deepSupervision needs coarser maps, the decoder ${options.decoder.kind} makes none on its way: leave it out, or choose unet`,
      );
    }
    const predict = predictorOf(owner, decoder, classes);
    const weights = options.deepSupervision ? stageWeightsOf(decoder.stages.length, options.stageWeights) : [1];
    const deep = decoder.stages.flatMap((inChannels, i) =>
      (weights[i + 1] ?? 0) > 0
        ? [{ i, layer: prediction(owner, `deep_supervision.${i}`, [1, inChannels, classes]) }]
        : [],
    );
    const classify = auxiliary
      ? imageClassifier(owner, 'classification_head', { ...auxiliary, inChannels: infoOf(features, deepest).channels })
      : null;
    const output = upsampling ? enlarged(decoder.output, upsampling) : wholeInput(classes);
    const imageOf = (maps: Partial<FeatureMaps>) =>
      coveredSize(infoOf(features, finest), gridOf(mapOf(maps, features, finest)), inputSize);
    return {
      inputs: Object.fromEntries(decoder.levels.map((level) => [level, features[level]])) as FeatureSpec,
      forward: (maps, pass) => {
        const { map, stages } = decoder.forward(maps, pass);
        const small = predict(map, pass);
        const [height, width] = gridOf(small);
        const size = upsampling ? ([height * upsampling, width * upsampling] as const) : imageOf(maps);
        const resize = decoder.upsampling === 'aligned' ? resizeAligned : resizeBilinear;
        const raw: { -readonly [K in keyof DecoderRaw]: DecoderRaw[K] } = { logits: resizeTo(small, size, resize) };
        if (classify) raw.image = classify(mapOf(maps, features, deepest), pass);
        for (const { i, layer } of deep) {
          const stage = stages[i];
          if (stage) raw[`deep${i}`] = layer(stage, pass);
        }
        return raw;
      },
      exported: {
        outputs: ({ logits }) => ({ scores: overlaps ? logits : classLogits(logits) }),
        reading: classMapReadingOf(inputSize, overlaps),
      },
      average: (seen) => ({
        logits: averageLogits(seen.map(({ raw, isMirrored }) => ({ raw: raw.logits, isMirrored }))),
      }),
      loss: (raw, targets) =>
        decoderLoss(raw, targets, {
          loss: options.loss,
          overlaps,
          stageWeights: weights,
          auxiliaryWeight: auxiliary?.weight ?? 0,
        }),
      decode: async (raw, placements, options) => {
        const logits = overlaps ? raw.logits : tf.tidy(() => classLogits(raw.logits));
        const [, height, width, count] = logits.shape;
        const images = await imagesOf({ scores: logits }, placements.length);
        if (logits !== raw.logits) logits.dispose();
        const covered = coveredSize(output, [height, width], inputSize);
        return images.map(({ scores }, i) =>
          decodeClassMap({ scores, height, width, classes: count, overlaps }, covered, placements[i]!, options),
        );
      },
    };
  });
}

/** The convolution that predicts; decoders that predict themselves have none. */
function predictorOf(owner: Parameters, { predictor, output }: Decoder, classes: number): MapLayer {
  if (predictor === null) return (map) => map;
  return prediction(owner, 'segmentation_head.0', [predictor, output.channels, classes]);
}

function prediction(
  owner: Parameters,
  path: string,
  [kernel, inChannels, outChannels]: readonly [kernel: number, inChannels: number, outChannels: number],
): MapLayer {
  return convolution(owner, path, {
    kernel,
    stride: 1,
    padding: 'symmetric',
    bias: true,
    inChannels,
    outChannels,
    initialise: glorotUniform,
  });
}

/** A map whose cells are each made `factor` x `factor` ones. */
function enlarged(info: FeatureInfo, factor: number): FeatureInfo {
  return {
    ...info,
    stride: info.stride / factor,
    sizeOf: (height, width) => {
      const [rows, columns] = mapSize(info, height, width);
      return [rows * factor, columns * factor];
    },
  };
}

function checkClasses(classes: number, overlaps: boolean, { loss }: SemanticDecoderConfig): void {
  const most = overlaps ? MOST_OVERLAPPING : IGNORED;
  if (!(classes >= 1 && classes <= most)) {
    throw new ConfigError(
      `semantic decoder head: ${classes} classes: a class map holds 1 to ${most}${overlaps ? ' that may overlap' : ''}`,
    );
  }
  checkClassWeights(loss, overlaps ? classes : Math.max(2, classes)); // one class has a background
}
