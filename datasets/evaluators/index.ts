export {
  analyseBoxes,
  type BoxAnalysis,
  type BoxGroup,
  boxInterval,
  compareAnswers,
  type Estimate,
} from './analysis.js';
export {
  bestFirst,
  type ClassificationReport,
  createClassificationEvaluator,
  type LabelFigures,
} from './classification.js';
export type { Answered } from './compareBoxes.js';
export { type Confusion, createConfusion } from './confusion.js';
export { type ClassCurve, classCurves } from './curves.js';
export {
  type ClassPrecision,
  COCO_METRICS,
  createDetectionEvaluator,
  type DetectionEvaluatorOptions,
  type DetectionReport,
  type EvaluatorOptions,
  type ScoredBoxes,
} from './detection.js';
export type { Evaluator } from './evaluator.js';

export { createInstanceEvaluator, type InstanceReport } from './instances.js';

export { labelError, labelPairs } from './labelPairs.js';

export { labelSuspicions, type Suspicion } from './labelSuspicions.js';
export { type BoxMatch, boxIou, type MatchOptions, matchBoxes } from './matchBoxes.js';
export { answerSegments, createPanopticEvaluator, type PanopticReport, type SegmentFigures } from './panoptic.js';
export * from './regions/index.js';
export { compareMaps, intervalOf } from './resampledMaps.js';
export { compareMeans, meanWithInterval, type PairedTest } from './resampling.js';
export { createSemanticEvaluator, type PerClass, type SemanticReport } from './semantic.js';
