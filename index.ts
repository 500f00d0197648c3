/** The portable surface: runs in Node and in a browser. node.ts adds files, workers and the native engine. */
export * from './backbones/index.js';
export { asLayer } from './backbones/layer.js';
export {
  ACTIVATIONS,
  batchNorm,
  type ConvolutionOptions,
  convolution,
  type DenseOptions,
  type DepthwiseOptions,
  dense,
  depthwise,
  type Initialiser,
  initialisers,
  type NormOptions,
  type Padding,
  type SqueezeExciteOptions,
  squeezeExcite,
} from './backbones/layers/index.js';
export type { Encoder, EncoderSource, TargetArrays, TargetSpecs, TargetTypes } from './datasets/encoder.js';
export type { Placement } from './datasets/placement.js';
export * from './engine/index.js';
export * from './engine/kernels/index.js';
export * from './heads/index.js';
export * from './necks/index.js';
export { describeLoaded, type Loadable, type LoadedWeights, type LoadWeightsOptions } from './pretrained/load.js';
export { loadWeights } from './pretrained/loadBytes.js';
export { type SaveWeightsOptions, serializeWeights } from './pretrained/save.js';
export { exportStateDict, loadStateDict } from './pretrained/stateDict.js';
export * from './training/index.js';
export { openWeights, readSafetensors, writeSafetensors } from './weights/index.js';
