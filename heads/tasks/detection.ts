import { type ClassPrecision, createDetectionEvaluator } from '../../datasets/evaluators/index.js';
import type { Detections, DetectionTruth } from '../../datasets/sample.js';
import { stitchDetections } from './stitch.js';
import { defineTask, figuresOf } from './task.js';
import { aboveThreshold, foundObjects } from './told.js';
import { detectionViews } from './views.js';

const FIGURES = ['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'VOC07', 'VOC10'];
const RECALLS = ['AR1', 'AR10', 'AR100', 'ARs', 'ARm', 'ARl'];

/** A box and a class for every object. */
export const detection = defineTask<DetectionTruth, Detections>({
  name: 'detection',
  truth: 'boxes',
  head: 'retina',
  metric: 'AP',
  mostClasses: 10_000,
  augmentation: {
    fit: 'letterbox',
    scale: [0.7, 1.6],
    flipVertical: 0,
    rotate90: 0,
    large: { policy: 'detection-v0', mosaic: 0.5 },
    mixupAlpha: 32,
  },
  resampled: 'detections',
  isFullyConvolutional: false,
  createEvaluator: (labels, { maxDetections }) => createDetectionEvaluator({ labels, maxDetections }),
  stitching: { isWholeToo: true, defaults: null, create: stitchDetections },
  nothingMeasured: 'no objects to find: AP',
  tables: (report) => {
    const perClass = (report.perClass ?? []) as readonly ClassPrecision[];
    const rows = perClass.map(({ name, AP, AP50 }) => [name, AP, AP50]);
    return [...figuresOf(report, FIGURES), ...figuresOf(report, RECALLS), { header: ['class', 'AP', 'AP50'], rows }];
  },
  views: detectionViews,
  describe: (result, options) => {
    const detections = foundObjects(result, options);
    return {
      value: { detections },
      rows: detections.map(({ label, score, box }) => {
        return { figure: score.toFixed(3), label, rest: `[${box.map((edge) => edge.toFixed(1)).join(', ')}]` };
      }),
      overlay: { boxes: aboveThreshold(result, options.threshold) },
    };
  },
});
