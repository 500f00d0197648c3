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
  releasedWeights,
  startingWeights,
  type WeightsFilter,
} from './networks.js';
export { megabytes, sayTenths } from './progress.js';
export { RELEASED_NAMES, RELEASED_WEIGHTS, type ReleasedWeights, WEIGHT_TASKS, type WeightTask } from './released.js';
