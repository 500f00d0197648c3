export { openSplit, type SplitName } from './datasets.js';
export { createNetwork, type ImagePrediction, type Network } from './network.js';
export type { ImageSource, ModelSource, OpenOptions } from './openModel.js';
export { parseExperiment, type ReadOptions, readExperiment } from './read.js';
export { openRun, type Run } from './run.js';
export { type Experiment, experimentSchema } from './schema.js';
export { type TrainExperimentOptions, trainExperiment } from './train.js';
