/** Published checkpoints by name: what there is, which network each fits, and fetching them. */
export { bestWeights, findReleased, networkOf, releasedWeights, type WeightsFilter } from './networks.js';
export { type PullReleasedOptions, pullReleased, releasedPath } from './pullReleased.js';
export { RELEASED_WEIGHTS, type ReleasedWeights, WEIGHT_TASKS, type WeightTask } from './released.js';
