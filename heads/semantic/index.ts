import { defineHead } from '../definition.js';
import { segmentation } from '../tasks/segmentation.js';
import { SEMANTIC_LEVELS, semanticConfig } from './config.js';
import { createSemanticHead } from './head.js';

/** Side of the input where a config names none, pixels: a crop, as the network is fully convolutional. */
const CROP = 256;

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
  create: (config, features, { classes, inputSize }) => ({
    head: createSemanticHead({ ...config, classes, inputSize }, features),
    encoderConfig: { inputSize },
  }),
});
