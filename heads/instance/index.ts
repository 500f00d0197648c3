import { aligned } from '../aligned/index.js';
import { defineHead } from '../definition.js';
import { instances } from '../tasks/instances.js';
import { instanceConfig } from './config.js';
import { createInstanceHead, instanceEncoderConfig } from './head.js';

/** Masks of objects: every place predicts the network that draws its object from prototypes. */
export const instance = defineHead({
  task: instances,
  config: instanceConfig,
  encoder: () => new URL('./encoder.js', import.meta.url),
  levels: aligned.levels,
  defaults: (architecture) => {
    const { head, ...rest } = aligned.defaults(architecture);
    return { ...rest, head: { ...head, kind: 'instance' } };
  },
  limits: ({ decode }) => decode,
  create: (config, features, { classes, inputSize }) => ({
    head: createInstanceHead({ ...config, classes, inputSize }, features),
    encoderConfig: instanceEncoderConfig(config, features, inputSize),
  }),
});
