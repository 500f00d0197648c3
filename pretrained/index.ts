/** Published checkpoints by name: what there is, and which network each fits. */
export {
  isWeightsName,
  WEIGHTS_CATALOGUE,
  WEIGHTS_NAMES,
  type WeightsEntry,
  type WeightsName,
  weightsEntry,
} from './catalogue.js';
export { COCO_CLASSES } from './cocoClasses.js';
export {
  backboneOf,
  bestWeights,
  findReleased,
  GENERAL_WEIGHTS,
  networkOf,
  type PublishedName,
  releasedWeights,
  startingWeights,
  type WeightsFilter,
  type WeightsSource,
} from './networks.js';
export { megabytes, sayTenths } from './progress.js';
export {
  isClassifier,
  RELEASED_NAMES,
  RELEASED_WEIGHTS,
  type ReleasedName,
  type ReleasedWeights,
  WEIGHT_TASKS,
  type WeightTask,
} from './released.js';
