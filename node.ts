/** Everything of index.ts, and what needs Node: files, worker threads, runs, the native engine. */
import './engine/tensorflow/tensorflow.js';
import './engine/webgpu/dawn.js';

export * from './configs/index.js';
/** Take runs, files and names, too; index.ts has those of bytes and addresses alone. */
export { openClassifier, openDetector, openSegmenter } from './configs/openModel.js';
export * from './datasets/evaluators/index.js';
export * from './datasets/index.js';
export { createLoader, type Loader, type LoaderOptions } from './datasets/loader/index.js';
export { availableBytes } from './engine/tensorflow/memory/availableBytes.js';
export { estimateMemory, type MemoryNeed, requireMemory } from './engine/tensorflow/memory/memory.js';
export * from './index.js';
export * from './pretrained/files/index.js';
/** Takes paths and names, too; index.ts has the one of bytes alone. */
export { loadWeights } from './pretrained/files/loadWeights.js';
export * from './pretrained/index.js';
export * from './training/run/index.js';
