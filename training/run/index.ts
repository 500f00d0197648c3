export { type BatchLayout, batchesOf, type PlacedBatch, type TrainBatch, type TrainLoader } from './batch.js';
export { type CachedViewsOptions, createCachedViews } from './cachedViews.js';
export { requireClasses, requireOwn } from './checkpoint.js';
export { type Checkpoint, type CheckpointMetadata, type Evaluation, readCheckpoint } from './checkpointFile.js';
export { requireFreePort } from './clusterPort.js';
export { type ClusterSource, clusterOf } from './clusterSpec.js';
export { type EvaluateOptions, evaluateModel } from './evaluate.js';
export type { RunEvent, StepTime, ThreadCounts } from './events.js';
export {
  chosenCheckpoint,
  type HeldRunFolder,
  holdRunFolder,
  type RunFolder,
  requireName,
  runFolder,
} from './folder.js';
export { imageError } from './imageError.js';
export { onInterrupt } from './interrupt.js';
export { type LabelStatistics, labelStatistics } from './labelStatistics.js';
export { holderOf, takeLock } from './lock.js';
export type { StopReason } from './loop.js';
export {
  type BatchChoice,
  chooseBatch,
  estimateStepMemory,
  type MemoryUse,
  requireTrainingMemory,
  type StepMemory,
  type StepNetwork,
} from './memory.js';
export { DEFAULT_BATCH, TRAIN_DEFAULTS, type TrainOptions } from './options.js';
export { commitOf, describeMachine, type Origin, originOf } from './origin.js';
export { askToContinue, askToPause, isPauseAsked } from './pause.js';
export { createPictures, type KeptPicture, type KeptPictures, type Pictures } from './pictures.js';
export { type PredictImagesOptions, type Prediction, predictImages } from './predict.js';
export { predictVolume, type VolumePrediction } from './predictVolume.js';
export { createProgress, duration, type Progress, type ProgressStep } from './progress.js';
export type { RunStage, RunWatch, TrainRun } from './session.js';
export { resumeState, saveState } from './stateFile.js';
export { type SweepRun, sweepRates } from './sweep.js';
export { type TaughtImage, taughtImages } from './taught.js';
export { openScalarLog, type ScalarLog } from './tensorboard.js';
export { type TrainResult, trainRun } from './train.js';
export { type TrainingBatch, type TrainingBatchesOptions, trainingBatches } from './trainingBatches.js';
