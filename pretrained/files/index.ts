/** Checkpoints on disk: fetching, loading, converting. */
export { type FileSource, fileSource, withWeights } from '../../weights/fileSource.js';
export { type LoadedWeights, type LoadWeightsOptions, loadWeights } from './loadWeights.js';
export { loadPretrained } from './pretrained.js';
export { type PullOptions, pullWeights, weightsPath } from './pull.js';
export { type PullReleasedOptions, pullReleased, releasedPath } from './pullReleased.js';
