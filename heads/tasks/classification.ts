import { createClassificationEvaluator, type LabelFigures } from '../../datasets/evaluators/index.js';
import type { ClassScores, LabelTruth } from '../../datasets/sample.js';
import { stitchScores } from './stitch.js';
import { defineTask, figuresOf } from './task.js';
import { namedClasses } from './told.js';
import { classificationViews } from './views.js';

const FIGURES = ['top1', 'top5', 'balancedAccuracy', 'macroF1', 'mAP', 'AUC', 'calibrationError'];

/** The classes of the whole image. */
export const classification = defineTask<LabelTruth, ClassScores>({
  name: 'classification',
  truth: 'labels',
  head: 'classification',
  metric: 'top1',
  resampled: 'hits',
  mostClasses: 10_000,
  augmentation: {
    fit: 'letterbox',
    scale: [0.8, 1.25],
    flipVertical: 0,
    rotate90: 0,
    large: { policy: 'rand-m9-mstd0.5', mosaic: 0 },
    mixupAlpha: 0.2,
  },
  isExclusive: ({ multiLabel }) => multiLabel !== true,
  isFullyConvolutional: false,
  createEvaluator: (labels) => {
    const evaluator = createClassificationEvaluator({ labels });
    return { add: evaluator.add, report: () => ({ ...evaluator.report() }) };
  },
  nothingMeasured: 'no images to classify: top1',
  tables: (report) => {
    const perClass = (report.perClass ?? []) as readonly LabelFigures[];
    const hasAp = perClass.some(({ AP }) => AP !== undefined);
    const rows = perClass.map(({ name, images, precision, recall, f1, AP }) => [
      ...[name, images, precision, recall, f1],
      ...(hasAp ? [AP ?? null] : []),
    ]);
    const header = ['class', 'images', 'precision', 'recall', 'F1', ...(hasAp ? ['AP'] : [])];
    return [...figuresOf(report, FIGURES), { header, rows }];
  },
  stitching: { isWholeToo: false, defaults: null, create: stitchScores },
  views: classificationViews,
  describe: (result, options) => {
    const classes = namedClasses(result, options);
    return {
      value: { classes },
      rows: classes.map(({ label, probability }) => ({ figure: probability.toFixed(4), label })),
      overlay: { scores: result },
    };
  },
});
