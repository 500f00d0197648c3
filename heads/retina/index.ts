import { defineHead } from '../definition.js';
import { PRESETS, presetFor } from '../presets.js';
import { detection } from '../tasks/detection.js';
import { auditAnchors } from './audit.js';
import { retinaConfig } from './config.js';
import { createRetinaHead, encoderConfigOf } from './head.js';

/** RetinaNet's head as EfficientDet has it: anchors, focal loss, Huber loss. */
export const retina = defineHead({
  task: detection,
  config: retinaConfig,
  encoder: () => new URL('./encoder.js', import.meta.url),
  levels: () => PRESETS['efficientdet-d0'].neck.levels,
  defaults: (architecture) => {
    const { inputSize, neck, head } = presetFor(architecture);
    const { isFixed, inputPixels } = architecture;
    return { inputSize: isFixed ? [inputPixels, inputPixels] : inputSize, neck, head };
  },
  audit: ({ anchors }, { inputSize, strides }, boxes) => auditAnchors(anchors, inputSize, strides, boxes),
  limits: ({ decode }) => decode,
  create: (config, features, { classes, inputSize }) => ({
    head: createRetinaHead({ ...config, classes, inputSize }, features),
    encoderConfig: encoderConfigOf(config, features, inputSize),
  }),
});
