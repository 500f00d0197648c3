export {
  isWeightsName,
  WEIGHTS_CATALOGUE,
  WEIGHTS_NAMES,
  type WeightsEntry,
  type WeightsName,
  weightsEntry,
} from './catalogue.js';
export { type FileSource, fileSource, withWeights } from './fileSource.js';
export { type LoadedWeights, type LoadWeightsOptions, loadWeights } from './loadWeights.js';
export { loadPretrained } from './pretrained.js';
export { type PullOptions, pullWeights, weightsPath } from './pull.js';
