/** Opening an engine, compiling functions for it, and running them on many machines. */
export { checkpointed } from './checkpointed.js';
export {
  allGather,
  allReduceMean,
  allReduceSum,
  broadcastFirst,
  type Cluster,
  type Membership,
  membership,
  taskCount,
} from './collective.js';
export {
  type Compiled,
  type CompiledGraph,
  type CompileOptions,
  compile,
  type GraphEnd,
  type MixedPrecision,
  type Tree,
} from './compile.js';
export { type EngineInfo, type EngineName, type ReadyOptions, ready } from './engine.js';
export * from './errors.js';
export { uploadImages } from './images.js';
export { createLeakGuard, type LeakGuard } from './leaks.js';
export { createRandom, type Random } from './random.js';
