import { defineHead } from '../definition.js';
import { presetFor } from '../presets.js';
import { detection } from '../tasks/detection.js';
import { alignedConfig } from './config.js';
import { alignedEncoderConfig, createAlignedHead } from './head.js';

/** Task-aligned detection without anchors: qualities instead of classes, distributions instead of distances. */
export const aligned = defineHead({
  task: detection,
  config: alignedConfig,
  encoder: () => new URL('./encoder.js', import.meta.url),
  levels: () => ['P3', 'P4', 'P5', 'P6', 'P7'],
  defaults: (architecture) => {
    const { inputSize, neck, head } = presetFor(architecture);
    const { isFixed, inputPixels } = architecture;
    const { repeats, activation } = head;
    return {
      inputSize: isFixed ? [inputPixels, inputPixels] : inputSize,
      neck,
      head: { kind: 'aligned', repeats, activation },
    };
  },
  limits: ({ decode }) => decode,
  create: (config, features, { classes, inputSize }) => ({
    head: createAlignedHead({ ...config, classes, inputSize }, features),
    encoderConfig: alignedEncoderConfig(config, features, inputSize),
  }),
});
