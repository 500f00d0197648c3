import { defineHead } from '../definition.js';
import { detection } from '../tasks/detection.js';
import { fcosConfig } from './config.js';
import { createFcosHead, fcosEncoderConfig } from './head.js';

/** Side of the input where a config names none, pixels. */
const PIXELS = 512;
/** Width of the pyramid, as in the paper's networks for speed; its largest have 256. */
const CHANNELS = 128;

/** FCOS: a box from every place of every map, without anchors. */
export const fcos = defineHead({
  task: detection,
  config: fcosConfig,
  encoder: () => new URL('./encoder.js', import.meta.url),
  levels: () => ['P3', 'P4', 'P5', 'P6', 'P7'],
  defaults: ({ isFixed, inputPixels }) => ({
    inputSize: isFixed ? [inputPixels, inputPixels] : [PIXELS, PIXELS],
    neck: { kind: 'fpn', channels: CHANNELS },
    head: { kind: 'fcos' },
  }),
  limits: ({ decode }) => decode,
  create: (config, features, { classes, inputSize }) => ({
    head: createFcosHead({ ...config, classes, inputSize }, features),
    encoderConfig: fcosEncoderConfig(config, features, inputSize),
  }),
});
