import { defineHead } from '../definition.js';
import { instance } from '../instance/index.js';
import { panoptic as task } from '../tasks/panoptic.js';
import { panopticConfig } from './config.js';
import { createPanopticHead, panopticEncoderConfig } from './head.js';

/** Objects and regions without objects at once. */
export const panoptic = defineHead({
  task,
  config: panopticConfig,
  encoder: () => new URL('./encoder.js', import.meta.url),
  levels: instance.levels,
  defaults: (architecture) => {
    const { head, ...rest } = instance.defaults(architecture);
    return { ...rest, head: { ...head, kind: 'panoptic' } };
  },
  limits: ({ decode }) => decode,
  create: (config, features, { classes, things, inputSize }) => ({
    head: createPanopticHead({ ...config, classes, things, inputSize }, features),
    encoderConfig: panopticEncoderConfig(config, features, { classes, things, inputSize }),
  }),
});
