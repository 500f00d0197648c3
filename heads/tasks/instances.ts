import { type ClassPrecision, createInstanceEvaluator } from '../../datasets/evaluators/index.js';
import type { Instances, InstanceTruth } from '../../datasets/sample.js';
import { detection } from './detection.js';
import { stitchInstances } from './stitch.js';
import { defineTask, figuresOf } from './task.js';
import { foundInstances } from './told.js';
import { instanceViews } from './views.js';

const FIGURES = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'boxAP', 'boxAP50'];
const RECALLS = ['AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl'];

/** A class, a box and a mask for every object. */
export const instances = defineTask<InstanceTruth, Instances>({
  name: 'instances',
  truth: 'instances',
  head: 'instance',
  metric: 'AP',
  mostClasses: 10_000,
  augmentation: { ...detection.augmentation, large: { policy: 'trivial-color', mosaic: 0.5 } },
  isFullyConvolutional: false,
  createEvaluator: (labels, { maxDetections }) => createInstanceEvaluator({ labels, maxDetections }),
  stitching: { isWholeToo: true, defaults: null, create: stitchInstances },
  nothingMeasured: 'no objects with masks to find: AP',
  tables: (report) => {
    const perClass = (report.perClass ?? []) as readonly ClassPrecision[];
    const rows = perClass.map(({ name, AP, AP50 }) => [name, AP, AP50]);
    return [...figuresOf(report, FIGURES), ...figuresOf(report, RECALLS), { header: ['class', 'AP', 'AP50'], rows }];
  },
  views: instanceViews,
  describe: (result, options) => {
    const { rows, overlay } = detection.describe(result, options);
    const detections = foundInstances(result, options);
    return { value: { detections }, rows, overlay: { ...overlay, masks: result.masks.slice(0, detections.length) } };
  },
});
