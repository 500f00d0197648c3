import { type FeatureSpec, levelsOf } from '../../backbones/features.js';
import type { LabelTruth } from '../../datasets/sample.js';
import { defineHead } from '../definition.js';
import { classification as task } from '../tasks/classification.js';
import { classificationConfig } from './config.js';
import { createClassificationHead } from './head.js';

/** Sides of an input are multiples of it, pixels. */
const STRIDE = 32;

/** Classes of the whole image, from the deepest map. */
export const classification = defineHead({
  task,
  config: classificationConfig,
  encoder: () => new URL('./encoder.js', import.meta.url),
  levels: (_config, offered) => levelsOf(offered as FeatureSpec).slice(-1),
  defaults: ({ isFixed, inputPixels, top }) => {
    const side = isFixed ? inputPixels : STRIDE * Math.round(inputPixels / STRIDE);
    return {
      inputSize: [side, side],
      neck: { kind: 'none' },
      head: { kind: 'classification', pooling: top.readsMore ? 'avg' : 'own' },
    };
  },
  limits: () => ({ maxDetections: 0 }),
  unlearnable: ({ multiLabel }, { entries, labels }) => {
    const counts = entries.map(({ truth }) => (truth as LabelTruth).labels.length);
    const [none, several] = [counts.filter((count) => count === 0).length, counts.filter((count) => count > 1).length];
    if (!multiLabel && none + several > 0) {
      const parts = [none > 0 ? `${none} images have no class` : '', several > 0 ? `${several} have several` : ''];
      return `${parts.filter(Boolean).join(' and ')}, and classes that exclude each other need exactly one: write model.head.multiLabel: true, or correct the labels`;
    }
    const present = new Set(entries.flatMap(({ truth }) => [...(truth as LabelTruth).labels]));
    if (present.size > 1 || (multiLabel && present.size === 1 && none > 0)) return null;
    const [only] = present;
    const found =
      only === undefined ? 'no image has a class' : `every image is of class '${labels.classes[only]?.name}'`;
    return `${found}, so there is nothing to tell apart: give images of another class`;
  },
  create: (config, features, { classes, architecture }) => ({
    head: createClassificationHead({ ...config, classes, architecture }, features),
    encoderConfig: { classes, multiLabel: config.multiLabel },
  }),
});
