import { createCaseEvaluator, createSemanticEvaluator, type PerClass } from '../../datasets/evaluators/index.js';
import { hasClass } from '../../datasets/overlap.js';
import { type ClassMap, IGNORED, type SemanticTruth } from '../../datasets/sample.js';
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
  },
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
function classShares({ mask, overlaps }: ClassMap, names: readonly string[]): { label: string; share: number }[] {
  const counts = new Float64Array(IGNORED + 1);
  for (const label of mask) counts[label]!++;
  const pixelsOf = (index: number): number =>
    overlaps ? counts.reduce((sum, count, set) => sum + (hasClass(set, index) ? count : 0), 0) : counts[index]!;
  return names.map((label, index) => ({ label, share: pixelsOf(index) / Math.max(1, mask.length) }));
}
