import { createCaseEvaluator, createSemanticEvaluator, type PerClass } from '../../datasets/evaluators/index.js';
import { type ClassMap, IGNORED, type SemanticTruth } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { blendClassMaps, stitchClassMaps } from './stitch.js';
import { defineTask, figuresOf } from './task.js';

const FIGURES = ['mIoU', 'pixelAccuracy', 'dice'];

/** The class of every pixel. */
export const segmentation = defineTask<SemanticTruth, ClassMap>({
  name: 'segmentation',
  truth: 'classMap',
  addsBackground: true,
  head: 'semantic',
  metric: 'mIoU',
  mostClasses: IGNORED,
  augmentation: {
    fit: 'native',
    scale: [1, 1],
    flipVertical: 0.5,
    rotate90: 0.75,
    large: { policy: 'trivial-color', mosaic: 0 },
    mixupAlpha: 32,
  },
  picksForeground: true,
  isExclusive: () => true,
  resampled: 'confusions',
  isFullyConvolutional: true,
  createEvaluator: (labels) => {
    const evaluator = createSemanticEvaluator({ labels });
    return { add: evaluator.add, report: () => ({ ...evaluator.report() }) };
  },
  stitching: {
    isWholeToo: false,
    defaults: { tile: 1024, longest: 2048 },
    create: stitchClassMaps,
    blend: blendClassMaps,
  },
  createCaseEvaluator,
  nothingMeasured: 'no pixels to compare: mIoU',
  tables: (report) => {
    const [iou, dice] = [report.perClassIoU, report.perClassDice].map((figures) => (figures ?? {}) as PerClass);
    const rows = Object.entries(iou ?? {}).map(([name, value]) => [name, value, dice?.[name] ?? null]);
    return [...figuresOf(report, FIGURES), { header: ['class', 'IoU', 'Dice'], rows }];
  },
  describe: (result, { names }) => {
    const classes = classShares(result, names);
    return {
      value: { classes },
      rows: classes.map(({ label, share }) => ({ figure: `${(100 * share).toFixed(1).padStart(5)} %`, label })),
      overlay: { classMap: result },
    };
  },
});

/** Fraction of the image that each class covers. */
function classShares({ mask }: ClassMap, names: readonly string[]): { label: string; share: number }[] {
  const counts = new Float64Array(IGNORED + 1);
  for (const label of mask) counts[label]!++;
  return names.map((label, index) => ({ label, share: valueAt(counts, index) / Math.max(1, mask.length) }));
}
