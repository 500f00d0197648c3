export {
  type AnsweredMap,
  type CaseEvaluator,
  type CaseEvaluatorOptions,
  type CaseReport,
  createCaseEvaluator,
  type MeasuredRow,
} from './cases.js';
export { casesCsv } from './casesCsv.js';
export { type Components, type Connectivity, connectedComponents } from './components.js';
export { type CasesConfig, casesConfig } from './config.js';
export { squaredDistances } from './distanceTransform.js';
export type { Grid } from './grid.js';
export { type KeptLargest, keepLargest, keptLargest } from './largest.js';
export { countLesions, type LesionCounts, type LesionOptions, type LesionScores, lesionScores } from './lesions.js';
export { type Empty, type MeasuredCase, measureRegion, REGION_FIGURES, type RegionFigures } from './measure.js';
export {
  averageSurfaceDistance,
  hausdorffDistance,
  type SurfaceDistances,
  surfaceDice,
  surfaceDistances,
} from './surfaces.js';
