import { type FeatureSpec, levelsOf } from '../../backbones/features.js';
import { defineHead, type HeadSetting } from '../definition.js';
import { segmentation } from '../tasks/segmentation.js';
import { SEMANTIC_LEVELS, semanticConfig } from './config.js';
import { semanticDecoderConfig } from './decoderConfig.js';
import { createSemanticDecoderHead } from './decoderHead.js';
import { DECODER_KINDS, decoderConfig, decoderLevels } from './decoders/index.js';
import type { SemanticEncoderConfig } from './encoder.js';
import { createSemanticHead } from './head.js';
import type { SemanticLossConfig } from './losses/index.js';

/** Side of the input where a config names none, pixels: a crop, as the network is fully convolutional. */
const CROP = 256;

/** What the encoder writes: distances only where a loss asks for them. One class has a background. */
const encoderConfigOf = (
  { loss }: { readonly loss: SemanticLossConfig },
  { classes, inputSize, overlaps = false }: HeadSetting,
): SemanticEncoderConfig => {
  const drawn = overlaps ? classes : Math.max(2, classes);
  return { inputSize, distances: loss.boundary.weight > 0 ? drawn : 0, ...(overlaps && { overlaps }) };
};

/** The class of every pixel, from a pyramid. */
export const semantic = defineHead({
  task: segmentation,
  config: semanticConfig,
  encoder: () => new URL('./encoder.js', import.meta.url),
  levels: ({ stride }) => (stride === 2 ? SEMANTIC_LEVELS[2] : SEMANTIC_LEVELS[4]),
  defaults: ({ activation, isFixed, inputPixels }) => ({
    inputSize: isFixed ? [inputPixels, inputPixels] : [CROP, CROP],
    neck: { kind: 'bifpn', activation },
    head: { kind: 'semantic' },
  }),
  limits: () => ({ maxDetections: 0 }),
  create: (config, features, { classes, inputSize, overlaps }) => ({
    head: createSemanticHead({ ...config, classes, inputSize, overlaps }, features),
    encoderConfig: encoderConfigOf(config, { classes, inputSize, overlaps }),
  }),
});

/** The class of every pixel, by a decoder that reads the backbone's maps directly. */
export const semanticDecoder = defineHead({
  task: segmentation,
  config: semanticDecoderConfig,
  encoder: semantic.encoder,
  limits: () => ({ maxDetections: 0 }),
  names: Object.fromEntries(DECODER_KINDS.map((kind) => [kind, { decoder: { kind } }])),
  levels: ({ decoder }, offered) => {
    const read = decoderConfig.safeParse(decoder);
    return read.success ? decoderLevels(read.data, offered) : levelsOf(offered as FeatureSpec);
  },
  defaults: (architecture) => ({
    inputSize: semantic.defaults(architecture).inputSize,
    neck: { kind: 'none' },
    head: { kind: 'semantic-decoder', decoder: { kind: 'unet' } },
  }),
  create: (config, features, { classes, inputSize, overlaps }) => ({
    head: createSemanticDecoderHead({ ...config, classes, inputSize, overlaps }, features),
    encoderConfig: encoderConfigOf(config, { classes, inputSize, overlaps }),
  }),
});
