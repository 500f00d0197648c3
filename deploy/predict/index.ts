/** `espalier/predict` in a page: exported networks in, answers out; nothing that trains. */
import { type NetworkSource, networkFiles } from './fetched.js';
import { type ImageSource, readImage } from './image.js';
import { createOpenModel } from './openModel.js';
import { NAMED_RUNTIMES, PORTABLE_RUNTIMES, type RuntimeName } from './runtimes.js';
import { createOpenInWorker, createServe, type Port } from './worker.js';

export * from './names.js';
export type { RuntimeName } from './runtimes.js';

/**
 * Opens a network that `espalier export` wrote: a bundle (its folder's address, or one `.espalier` file), an ONNX file, or a
 * GraphModel. `await model.predict(canvas)` answers by the network's task, in pixels of the image.
 *
 * @throws WeightsError when it cannot be had or is none; EngineError when the runtime is missing, with the line that installs it;
 * ConfigError for a runtime that does not exist, or a network of another task
 */
export const openModel = createOpenModel<NetworkSource, ImageSource, RuntimeName>({
  runtimes: PORTABLE_RUNTIMES,
  named: NAMED_RUNTIMES,
  files: networkFiles,
  pixels: readImage,
});

/**
 * Opens a network in a worker, so that the page stays alive while it computes: `new Worker(new URL('./worker.js', import.meta.url))`,
 * of which the whole program is `serveModel()`.
 */
export const openModelInWorker = createOpenInWorker<NetworkSource, ImageSource>();

const serve = createServe(openModel);

/** The program of a worker for `openModelInWorker`. @param port Defaults to the worker's own */
export const serveModel = (port: Port = globalThis as unknown as Port): void => serve(port);
