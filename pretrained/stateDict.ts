import * as tf from '@tensorflow/tfjs';
import type { Module } from '../backbones/module.js';
import { need, valueAt } from '../engine/checked.js';
import { EngineError, WeightsError } from '../engine/errors.js';
import { type HostTensor, type HostTensors, sizeOf } from '../weights/hostTensor.js';
import { fileShape, toFile, toMemory } from './layout.js';

export interface LoadOptions {
  /** False: anything missing, unexpected or of another shape is an error. True: what fits is loaded, the rest reported. */
  readonly partial: boolean;
}

/** What a load did, by parameter name. */
export interface LoadReport {
  readonly loaded: readonly string[];
  /** In the module, not in the file: kept as they were. */
  readonly missing: readonly string[];
  /** In the file, not in the module. */
  readonly unexpected: readonly string[];
  /** In both with different shapes: kept as they were; shapes in the file's layout. */
  readonly reshaped: readonly {
    readonly name: string;
    readonly file: readonly number[];
    readonly module: readonly number[];
  }[];
}

/**
 * Whole numbers that follow from the network or from its training: counters of PyTorch's batch norm and of averaged weights,
 * and where timm's attention looks up its biases.
 */
export const DERIVED = /(^|\.)(num_batches_tracked|n_averaged|attention_bias_idxs)$/;

/**
 * Puts the tensors of a PyTorch-layout state dict into a module's variables. Nothing is changed when it throws.
 *
 * @throws WeightsError naming the tensors that are missing, unexpected, of another shape, hold whole numbers, NaN or infinity;
 *   and when nothing at all fits, `partial` or not
 * @throws EngineError when the module was disposed
 */
export function loadStateDict(module: Module, tensors: HostTensors, options: LoadOptions): LoadReport {
  requireAlive(module);
  const found = new Map([...tensors].filter(([name]) => !DERIVED.test(name)));
  const report = compareStateDict(module, found);
  if (!options.partial) checkComplete(report);
  if (report.loaded.length === 0 && module.parameters.size > 0) checkComplete(report, 'nothing of these weights fits');
  const values = report.loaded.map((name) => finiteFloats(name, need(found, name)));
  report.loaded.forEach((name, i) => {
    const { variable, layout } = need(module.parameters, name);
    const floats = toMemory(valueAt(values, i), fileShape(variable.shape, layout), layout);
    tf.tidy(() => variable.assign(tf.tensor(floats, variable.shape, 'float32')));
  });
  return report;
}

/** What `loadStateDict` would do with these tensors; names and shapes only. */
export function compareStateDict(module: Module, tensors: HostTensors): LoadReport {
  const loaded: string[] = [];
  const missing: string[] = [];
  const reshaped: LoadReport['reshaped'][number][] = [];
  for (const [name, { variable, layout }] of module.parameters) {
    const expected = fileShape(variable.shape, layout);
    const shape = tensors.get(name)?.shape;
    if (shape === undefined) missing.push(name);
    else if (!tf.util.arraysEqual([...shape], [...expected])) reshaped.push({ name, file: shape, module: expected });
    else loaded.push(name);
  }
  const unexpected = [...tensors.keys()].filter((name) => !module.parameters.has(name));
  return { loaded, missing, unexpected, reshaped };
}

/** The error of a weight that holds whole numbers: quantised by a scale that the file keeps elsewhere, or no weight at all. */
export function wholeNumbers(name: string, dtype: string): WeightsError {
  return new WeightsError(`'${name}' holds whole numbers (${dtype}), no weights: save it as float32`);
}

/** The inverse of `loadStateDict`, exact to the bit: PyTorch layout and names. */
export async function exportStateDict(module: Module): Promise<HostTensors> {
  requireAlive(module);
  const tensors = new Map<string, HostTensor>();
  for (const [name, { variable, layout }] of module.parameters) {
    const values = await variable.data<'float32'>();
    const data = toFile(values, variable.shape, layout).slice();
    tensors.set(name, { dtype: 'F32', shape: fileShape(variable.shape, layout), data });
  }
  return tensors;
}

function requireAlive({ parameters }: Module): void {
  for (const [name, { variable }] of parameters) {
    if (variable.isDisposed)
      throw new EngineError(`'${name}' was disposed, and its module with it: make the module anew`);
  }
}

/** @throws WeightsError naming what differs, when anything does */
export function checkComplete(
  { missing, unexpected, reshaped }: Omit<LoadReport, 'loaded'>,
  problem = 'these weights belong to another network',
): void {
  const shapes = reshaped.map(
    ({ name, file, module }) => `'${name}' is [${file}] in the file and [${module}] in the network`,
  );
  const problems = [
    ...shapes.slice(0, 3),
    shapes.length > 3 ? `${shapes.length - 3} more differ in shape` : '',
    missing.length > 0 ? `the file lacks ${some(missing)}` : '',
    unexpected.length > 0 ? `the network has no ${some(unexpected)}` : '',
  ].filter((problem) => problem !== '');
  if (problems.length === 0) return;
  throw new WeightsError(`${problem}: ${problems.join('; ')}`);
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).map((name) => `'${name}'`);
  return shown.join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '');
}

function finiteFloats(name: string, { dtype, data, shape }: HostTensor): Float32Array {
  if (!(data instanceof Float32Array || data instanceof Float64Array)) throw wholeNumbers(name, dtype);
  if (data.length !== sizeOf(shape)) throw new WeightsError(`'${name}' has ${data.length} values for shape [${shape}]`);
  const floats = data instanceof Float32Array ? data : Float32Array.from(data);
  const bad = floats.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new WeightsError(`'${name}' holds ${floats[bad]} at position ${bad}: the file is damaged`);
  return floats;
}
