/** `espalier/predict` in Node: files and addresses, images decoded as for training, and the native runtimes. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parentPort } from 'node:worker_threads';
import { decodeDeep, decodeImage } from '../../datasets/decode/index.js';
import type { Pixels } from '../../datasets/sample.js';
import { WeightsError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { pixelsOf } from '../../training/imageSource.js';
import { findOnnxRuntime, MISSING_ONNXRUNTIME, openOnnxNetwork } from '../onnxruntime/onnxruntime.js';
import { type NetworkSource, networkAt, networkFiles } from '../predict/fetched.js';
import { fetched, type ImageSource } from '../predict/image.js';
import { bundleFiles, graphModelNetwork, type NetworkFiles, networkInBytes } from '../predict/networkFiles.js';
import { createOpenModel } from '../predict/openModel.js';
import {
  NAMED_RUNTIMES,
  PORTABLE_RUNTIMES,
  type RuntimeName as PortableName,
  type Runtime,
  tfjsRuntime,
} from '../predict/runtimes.js';
import { createOpenInWorker, createServe, type Port } from '../predict/worker.js';

export * from '../predict/names.js';

const onnxruntimeNode: Runtime<'onnxruntime-node'> = {
  name: 'onnxruntime-node',
  reads: 'onnx',
  load: async ({ threads }) => {
    if (findOnnxRuntime() === null) return { reason: MISSING_ONNXRUNTIME };
    return async ({ onnx }) => {
      if (!onnx) throw new WeightsError('ONNX Runtime reads ONNX files and bundles: this is a GraphModel');
      return openOnnxNetwork(await onnx(), { threads });
    };
  },
};

/** The engines that need Node. */
const engines = (): Promise<unknown> => import('../../engine/host/native.js');

export type RuntimeName = PortableName | 'onnxruntime-node' | 'tensorflow';

/** Largest file that is opened. */
const MAX_BYTES = 2 ** 31;

const readFile = (path: string): Uint8Array =>
  readRegular(path, { maxBytes: MAX_BYTES, refuse: (problem) => new WeightsError(`${path}: ${problem}`) });

/** An address; anything else is a path. */
const isAddress = (source: string): boolean => /^https?:\/\//.test(source);

async function networkOf(source: NetworkSource, signal?: AbortSignal): Promise<NetworkFiles> {
  if (source instanceof URL)
    return source.protocol === 'file:' ? fileNetwork(fileURLToPath(source)) : networkAt(source, signal);
  if (typeof source !== 'string') return networkFiles(source, signal);
  return isAddress(source) ? networkAt(source, signal) : fileNetwork(source);
}

async function fileNetwork(path: string): Promise<NetworkFiles> {
  if (!existsSync(path)) throw new WeightsError(`${path} does not exist: name a file or bundle of 'espalier export'`);
  const beside =
    (folder: string) =>
    async (name: string): Promise<Uint8Array> =>
      readFile(join(folder, name));
  if (statSync(path).isDirectory()) {
    const isBundle = existsSync(join(path, 'espalier.json'));
    return isBundle ? bundleFiles(beside(path), path) : graphModelAt(join(path, 'model.json'), beside(path));
  }
  if (path.endsWith('.json')) return graphModelAt(path, beside(dirname(path)));
  return networkInBytes(readFile(path), path);
}

const graphModelAt = async (path: string, read: (name: string) => Promise<Uint8Array>): Promise<NetworkFiles> =>
  graphModelNetwork(readFile(path), read, path);

async function readImage(image: ImageSource, isDeep: boolean): Promise<Pixels> {
  const decode = isDeep ? decodeDeep : decodeImage;
  if (typeof image === 'string' && !isAddress(image)) return decode(image);
  if (image instanceof URL && image.protocol === 'file:') return decode(fileURLToPath(image));
  if (typeof image === 'string' || image instanceof URL) return readImage(await fetched(image), isDeep);
  if (image instanceof Uint8Array) return decode(image);
  if (image instanceof ArrayBuffer) return decode(new Uint8Array(image));
  return image instanceof Blob ? decode(new Uint8Array(await image.arrayBuffer())) : pixelsOf(image);
}

/**
 * Opens a network that `espalier export` wrote: a bundle (its folder, or one `.espalier` file), an ONNX file, or a GraphModel, by
 * path or address. `await model.predict('photo.jpg')` answers by the network's task, in pixels of the image.
 *
 * @throws WeightsError when it cannot be had or is none; EngineError when the runtime is missing, with the line that installs it;
 * ConfigError for a runtime that does not exist, or a network of another task
 */
export const openModel = createOpenModel<NetworkSource, ImageSource, RuntimeName>({
  runtimes: [onnxruntimeNode, tfjsRuntime('tensorflow', 'tensorflow', engines), ...PORTABLE_RUNTIMES],
  named: NAMED_RUNTIMES.map((runtime) =>
    runtime.name === 'tfjs-webgpu' ? tfjsRuntime('tfjs-webgpu', 'webgpu', engines) : runtime,
  ),
  files: networkOf,
  pixels: readImage,
});

/** Opens a network in a `Worker` of node:worker_threads, of which the whole program is `serveModel()`. */
export const openModelInWorker = createOpenInWorker<NetworkSource, ImageSource>();

const serve = createServe(openModel);

/** The program of a worker thread for `openModelInWorker`. @param port Defaults to the worker's own */
export const serveModel = (port: Port = parentPort as unknown as Port): void => serve(port);
