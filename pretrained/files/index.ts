/** Checkpoints on disk: fetching, loading, saving, converting. */
export { type FileSource, fileSource, withWeights } from '../../weights/fileSource.js';
export { type ConvertFileOptions, convertFile } from './convertFile.js';
export { type LoadAnyOptions, loadWeights } from './loadWeights.js';
export { type PullOptions, pullWeights, weightsPath } from './pull.js';
export { type PullReleasedOptions, pullReleased, releasedPath } from './pullReleased.js';
export { saveWeights } from './saveWeights.js';
