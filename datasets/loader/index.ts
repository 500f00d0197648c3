export type { Batch, BatchTarget } from './batch.js';
export { createLoader, type Loader, type LoaderOptions } from './loader.js';
