import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import type { LabelMap } from '../datasets/sample.js';
import { type Description, readDescription } from '../deploy/description.js';
import { exportOnnx } from '../deploy/exportOnnx.js';
import type { HostNetwork } from '../deploy/hostNetwork.js';
import { traceNetwork } from '../deploy/network.js';
import { type OnnxOptions, openOnnxNetwork } from '../deploy/onnxruntime/onnxruntime.js';
import { createHostPredictor } from '../deploy/predictor.js';
import { ConfigError, WeightsError } from '../engine/errors.js';
import { readRegular } from '../engine/files/read.js';
import { taskNamed } from '../heads/index.js';
import { memorySource } from '../weights/bytes/byteSource.js';
import { openOnnx } from '../weights/onnx.js';
import { describeRun } from './describe.js';
import { type AnsweringNetwork, answering } from './network.js';
import type { Run } from './run.js';

/** An exported network that is ready to answer. */
export interface OpenedFile {
  readonly network: AnsweringNetwork;
  readonly labels: LabelMap;
  readonly description: Description;
}

/** Largest file of a network: the limit of a protocol buffer. */
const MAX_BYTES = 2 ** 31;
/** Names of a bundle's files. */
const [BUNDLE_ONNX, BUNDLE_DESCRIPTION] = ['model.onnx', 'espalier.json'];

/** Whether a path is an exported network: an ONNX file, or the folder of a bundle. */
export function isNetworkFile(path: string): boolean {
  if (!existsSync(path)) return false;
  return statSync(path).isDirectory() ? existsSync(join(path, BUNDLE_DESCRIPTION)) : path.endsWith('.onnx');
}

/**
 * Opens an ONNX file that `espalier export` wrote, or that of a bundle, in ONNX Runtime. No engine has to be open.
 *
 * @throws WeightsError when it is damaged or another program's; EngineError when the package onnxruntime-node is missing
 */
export async function openNetworkFile(path: string, options: OnnxOptions = {}): Promise<OpenedFile> {
  const file = statSync(path).isDirectory() ? join(path, BUNDLE_ONNX) : path;
  if (!existsSync(file)) throw new ConfigError(`${path} is a bundle without ${BUNDLE_ONNX}: export it anew`);
  const bytes = readRegular(file, {
    maxBytes: MAX_BYTES,
    refuse: (problem) => new WeightsError(`${file}: ${problem}`),
  });
  const { metadata } = openOnnx(memorySource(bytes, basename(file)));
  const description = readDescription(metadata.espalier, file);
  return opened(await openOnnxNetwork(bytes, options), description);
}

/** Opens a run in ONNX Runtime: it is exported in memory. An engine must be open; the run stays the caller's. */
export async function openRunInOnnxRuntime(run: Run, batch: number, options: OnnxOptions = {}): Promise<OpenedFile> {
  const { model, inputSize } = run.network;
  const graph = await traceNetwork(model, { inputSize, batch });
  const { version } = createRequire(import.meta.url)('espalier/package.json') as { readonly version: string };
  const producer = `espalier ${version}`;
  if (!model.exported) throw new ConfigError('a network with this head cannot be exported yet');
  const description = describeRun(run, model.exported.reading, { batch, precision: 'f32', licence: null, producer });
  return opened(await openOnnxNetwork(exportOnnx(graph, description), options), description);
}

/** What an exported network can be used for. */
export function opened(network: HostNetwork, description: Description): OpenedFile {
  const labels: LabelMap = { classes: description.classes };
  const task = taskNamed(description.task);
  const { answer } = description;
  const maxDetections = 'maxDetections' in answer ? answer.maxDetections : 0;
  const predictor = createHostPredictor(network, description);
  const isDeep = (): boolean => description.input.depth !== undefined;
  return { network: answering(predictor, task, labels, { maxDetections }, isDeep), labels, description };
}
