/** What the host calls, and nothing else. */
export { curves } from './curves';
export { measureMasks, polygonRuns, readList, readLists, singleList } from './mask';
export { matchImage } from './match';
export { encodeBytes, formatRuns, intervals, mergePair, parseRuns, sharedPixels } from './rle';
export { scanRows } from './scan';
