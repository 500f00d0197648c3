/** Published checkpoints by name: what there is, which network each fits, and fetching them. */
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
export { type PullReleasedOptions, pullReleased, releasedPath } from './pullReleased.js';
export { RELEASED_NAMES, RELEASED_WEIGHTS, type ReleasedWeights, WEIGHT_TASKS, type WeightTask } from './released.js';
