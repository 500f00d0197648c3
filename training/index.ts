export { type AccumulatedStep, type BatchPart, createAccumulatedStep } from './accumulate.js';
export { createMapsTraining, type MapsTraining } from './cachedMaps.js';
export { type CheckpointTensors, loadCheckpoint } from './checkpointWeights.js';
export { createEma, type Ema } from './ema.js';
export type { MemoryImage, RgbaPixels } from './imageSource.js';
export {
  type CheckpointSource,
  type OpenCheckpointOptions,
  type OpenedModel,
  openDetector,
  openSegmenter,
} from './openCheckpoint.js';
export {
  type AdamWOptions,
  createAdamW,
  createLamb,
  createLion,
  createRmsprop,
  createSgd,
  type LambOptions,
  type LionOptions,
  OPTIMIZER_NAMES,
  OPTIMIZERS,
  type Optimizer,
  type OptimizerName,
  type RmspropOptions,
  type SgdOptions,
} from './optimizers.js';
export { createPredictor, fillOf, type PredictableModel, type Predictor, type PredictorOptions } from './predictor.js';
export type { LabelledImage, LabelledImages } from './roundTrip.js';
export {
  type DetectionRoundTrip,
  type DetectionRoundTripOptions,
  roundTripDetection,
  type UnmatchedTruth,
} from './roundTripDetection.js';
export { type InstanceRoundTrip, type InstanceRoundTripOptions, roundTripInstances } from './roundTripInstances.js';
export { type PanopticRoundTripOptions, roundTripPanoptic } from './roundTripPanoptic.js';
export { roundTripSegmentation, type SegmentationRoundTripOptions } from './roundTripSegmentation.js';
export { createSchedule, type Schedule, type ScheduleOptions, scaleLearningRate } from './schedule.js';
export { SCHEDULES, type ScheduleConfig } from './schedules.js';
export {
  type CheckpointFacts,
  serializeCheckpoint,
} from './serializeCheckpoint.js';
export { captureState, restoreState, type TrainingState } from './state.js';
export {
  createTrainingStep,
  type StepAt,
  type StepResult,
  type TrainableModel,
  type TrainingStep,
} from './step.js';
export { type Teacher, type TeacherOptions, withTeacher } from './teacher.js';
export { planTiles, type TileOptions, tiled } from './tiles.js';
