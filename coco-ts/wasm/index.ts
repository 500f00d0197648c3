/**
 * AssemblyScript: what the host calls, and nothing else. Names in capitals that no file declares are addresses and limits of
 * src/wasm/layout.ts, which `tools/wasm.mjs` gives the compiler as constants.
 */
export { curves } from './curves';
export { measureMasks, polygonRuns, readList, readLists, singleList } from './mask';
export { matchImage } from './match';
export { encodeBytes, formatRuns, intervals, mergePair, parseRuns, sharedPixels } from './rle';
export { scanRows } from './scan';
