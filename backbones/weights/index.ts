export type { HostArray, HostDtype, HostTensor, HostTensors } from './hostTensor.js';
export { fileShape, toFile, toMemory } from './layout.js';
export { flatBlockNames } from './names.js';
export { readPytorch } from './pytorch.js';
export { readSafetensors, type SafetensorsFile, writeSafetensors } from './safetensors.js';
export { compareStateDict, exportStateDict, type LoadOptions, type LoadReport, loadStateDict } from './stateDict.js';
