import { type ClassPrecision, createDetectionEvaluator } from '../../datasets/evaluators/index.js';
import type { Detections, DetectionTruth } from '../../datasets/sample.js';
import { stitchDetections } from './stitch.js';
import { defineTask, figuresOf } from './task.js';

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
  },
  isFullyConvolutional: false,
  createEvaluator: (labels, { maxDetections }) => createDetectionEvaluator({ labels, maxDetections }),
  stitching: { isWholeToo: true, defaults: null, create: stitchDetections },
  nothingMeasured: 'no objects to find: AP',
  tables: (report) => {
    const perClass = (report.perClass ?? []) as readonly ClassPrecision[];
    const rows = perClass.map(({ name, AP, AP50 }) => [name, AP, AP50]);
    return [...figuresOf(report, FIGURES), ...figuresOf(report, RECALLS), { header: ['class', 'AP', 'AP50'], rows }];
  },
  describe: (result, { names, threshold }) => {
    const kept = aboveThreshold(result, threshold);
    const detections = Array.from(kept.scores, (score, index) => {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = kept.boxes.subarray(index * 4, index * 4 + 4);
      return { label: names[kept.labels[index] ?? 0] ?? '', score, box: [x1, y1, x2, y2] };
    });
    return {
      value: { detections },
      rows: detections.map(({ label, score, box }) => {
        return { figure: score.toFixed(3), label, rest: `[${box.map((edge) => edge.toFixed(1)).join(', ')}]` };
      }),
      overlay: { boxes: kept },
    };
  },
});

/** Detections come best first: those from the threshold up are a prefix. */
function aboveThreshold({ boxes, labels, scores }: Detections, threshold: number): Detections {
  const first = scores.findIndex((score) => score < threshold);
  const count = first < 0 ? scores.length : first;
  return { boxes: boxes.subarray(0, count * 4), labels: labels.subarray(0, count), scores: scores.subarray(0, count) };
}
