import { createPanopticEvaluator, type SegmentFigures } from '../../datasets/evaluators/index.js';
import { IGNORED, type Panoptic, type PanopticTruth } from '../../datasets/sample.js';
import { detection } from './detection.js';
import { instances } from './instances.js';
import { segmentation } from './segmentation.js';
import { stitchPanoptic } from './stitch.js';
import { defineTask, figuresOf } from './task.js';

const FIGURES = ['PQ', 'SQ', 'RQ', 'PQTh', 'SQTh', 'RQTh', 'PQSt', 'SQSt', 'RQSt'];

/** Objects with their masks, and the class of every other pixel. */
export const panoptic = defineTask<PanopticTruth, Panoptic>({
  name: 'panoptic',
  truth: 'panoptic',
  head: 'panoptic',
  metric: 'PQ',
  mostClasses: IGNORED,
  augmentation: detection.augmentation,
  maskFiles: 'coco-panoptic',
  isFullyConvolutional: false,
  createEvaluator: (labels) => {
    const evaluator = createPanopticEvaluator({ labels });
    return { add: evaluator.add, report: () => ({ ...evaluator.report() }) };
  },
  stitching: { isWholeToo: false, defaults: null, create: stitchPanoptic },
  nothingMeasured: 'no segments to find: PQ',
  tables: (report) => {
    const perClass = (report.perClass ?? []) as readonly SegmentFigures[];
    const rows = perClass.filter(({ PQ }) => PQ !== null).map(({ name, PQ, SQ, RQ }) => [name, PQ, SQ, RQ]);
    return [...figuresOf(report, FIGURES), { header: ['class', 'PQ', 'SQ', 'RQ'], rows }];
  },
  describe: ({ things, stuff }, options) => {
    const objects = instances.describe(things, options);
    const regions = segmentation.describe(stuff, options);
    const isThere = stuff.mask.some((label) => label !== IGNORED);
    const classes = (regions.value.classes as readonly { readonly share: number }[]).filter(({ share }) => share > 0);
    return {
      value: { ...objects.value, classes },
      rows: [...objects.rows, ...regions.rows.filter((_, label) => stuff.mask.includes(label))],
      overlay: { ...objects.overlay, ...(isThere ? regions.overlay : {}) },
    };
  },
});
