export type { MaskFileTruth, OtherValues } from './classMap.js';
export { type CocoOptions, openCoco } from './coco.js';
export type { Dataset, Entry, Warning } from './dataset.js';
export * from './decode/index.js';
export { type MasksOptions, openMasks } from './masks.js';
export { datasetOf, readSample, type StoredTruth } from './read.js';
export type { RegionsTruth } from './regions.js';
export * from './sample.js';
export { openVoc, type VocOptions } from './voc.js';
