/** The portable surface: runs in Node and in a browser. node.ts adds files, workers and the native engine. */
export * from './backbones/index.js';
export { asLayer } from './backbones/layer.js';
export { ACTIVATIONS, batchNorm, convolution, dense, depthwise, squeezeExcite } from './backbones/layers/index.js';
export type { Encoder, EncoderSource, TargetArrays, TargetSpecs, TargetTypes } from './datasets/encoder.js';
export { checkpointed } from './engine/checkpointed.js';
export {
  allGather,
  allReduceMean,
  allReduceSum,
  broadcastFirst,
  type Cluster,
  type Membership,
  membership,
  taskCount,
} from './engine/collective.js';
export {
  type Compiled,
  type CompiledGraph,
  type CompileOptions,
  compile,
  type GraphEnd,
  type MixedPrecision,
  type Tree,
} from './engine/compile.js';
export { type EngineInfo, type EngineName, type ReadyOptions, ready } from './engine/engine.js';
export * from './engine/errors.js';
export { uploadImages } from './engine/images.js';
export * from './engine/kernels/index.js';
export { createLeakGuard, type LeakGuard } from './engine/leaks.js';
export { createRandom, type Random } from './engine/random.js';
export * from './heads/index.js';
export * from './necks/index.js';
export { describeLoaded, type Loadable, type LoadedWeights, type LoadWeightsOptions } from './pretrained/load.js';
export { loadWeights } from './pretrained/loadBytes.js';
export { type SaveWeightsOptions, serializeWeights } from './pretrained/save.js';
export { exportStateDict, loadStateDict } from './pretrained/stateDict.js';
export * from './training/index.js';
export { openWeights, readSafetensors, writeSafetensors } from './weights/index.js';
