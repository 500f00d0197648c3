/** Files of weights: their bytes and their tensors. Knows no network. */
export { type ByteSource, memorySource } from './bytes/byteSource.js';
export { type HostMemory, reusedMemory } from './hostMemory.js';
export type { HostArray, HostDtype, HostTensor, HostTensors } from './hostTensor.js';
export { writeNpz } from './npz.js';
export { openWeights } from './openWeights.js';
export type { CheckpointPart } from './pytorch/checkpointParts.js';
export { readPytorch } from './pytorch/pytorch.js';
export { readSafetensors, type SafetensorsFile, writeSafetensors } from './safetensors.js';
export { type LazyTensor, readAll, type WeightedLayer, type WeightsFile, type WeightsFormat } from './weightsFile.js';
