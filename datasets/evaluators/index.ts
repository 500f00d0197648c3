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
export { createSemanticEvaluator, type PerClass, type SemanticReport } from './semantic.js';
