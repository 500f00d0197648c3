export type { MaskFileTruth, OtherValues } from './classMap.js';
export type { Dataset, Entry, Warning } from './dataset.js';
export * from './decode/index.js';
export type { Encoder, EncoderSource } from './encoder.js';
export {
  addFormat,
  type CommonData,
  commonKeys,
  type DataConfig,
  dataSchema,
  defineFormat,
  FORMATS,
  type Format,
  openData,
  type SplitName,
  type SplitRequest,
} from './formats/index.js';
export { type ModulePart, modulePart } from './outside.js';
export type { Placement } from './placement.js';
export { datasetOf, readSample, type StoredTruth } from './read.js';
export type { RegionsTruth } from './regions.js';
export * from './sample.js';
export { drawCells } from './sample-data/drawCells.js';
export { drawPanoptic } from './sample-data/drawPanoptic.js';
export { drawRadiographs } from './sample-data/drawRadiographs.js';
export { drawSkin } from './sample-data/drawSkin.js';
export type { SampleOptions, SampleSummary } from './sample-data/folder.js';
export { type Reading, type StatedFormat, statedReaders } from './stated/format.js';
export type { StatedImage, StatedObject, StatedSet } from './stated/image.js';
export { boxObject, polygonObject, rectangleObject } from './stated/shapes.js';
export type { Augmentation, AugmentConfig } from './transforms/index.js';
export * as transforms from './transforms/index.js';
export { defineTransform, type TransformDefinition, type TransformSource } from './transforms/own.js';
