import { formulaHash, formulaUnit } from '../../backbones/formula.js';
import type { Module, Parameter } from '../../backbones/module.js';

export { formulaImage } from '../../backbones/formula.js';

/** Weights and images from integer hashes, version 1: the same bits in every language, so parity needs no weight files. */
export type FormulaKind = 'k' | 'kk' | 'kd' | 'nw' | 'nb' | 'rm' | 'rv' | 'b';

type Kernel = 'k' | 'kk' | 'kd';
/** Inputs of one output: a kernel of PyTorch [out, in, ...], of Keras [..., in, out], a depthwise one of Keras [kh, kw, C, 1]. */
const FAN_IN: { readonly [K in Kernel]: (shape: readonly number[], count: number) => number } = {
  k: (shape, count) => count / (shape[0] ?? 1),
  kk: (shape, count) => count / (shape.at(-1) ?? 1),
  kd: (shape) => (shape[0] ?? 1) * (shape[1] ?? 1),
};
const isKernel = (kind: FormulaKind): kind is Kernel => kind in FAN_IN;

const RANGES: { readonly [K in Exclude<FormulaKind, Kernel>]: readonly [start: number, width: number] | number } = {
  nw: [0.9, 0.2],
  nb: 0.1,
  rm: 0.1,
  rv: [0.8, 0.4],
  b: 0.05,
};

/**
 * @param shape in the layout of the library that has the name, row-major
 * @param gain  factor of the kernels, one per model
 */
export function formulaValues(name: string, shape: readonly number[], kind: FormulaKind, gain: number): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  const hash = formulaHash(name);
  const range = isKernel(kind) ? Math.sqrt(3 / FAN_IN[kind](shape, count)) * gain : RANGES[kind];
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const u = formulaUnit(hash, i);
    values[i] = typeof range === 'number' ? (2 * u - 1) * range : range[0] + range[1] * u;
  }
  return values;
}

/**
 * What a parameter's values are made of: known from its role and layout, for the bias of a norm from its name or, given
 * the whole module, from the scale beside it.
 */
export function formulaKind(name: string, parameter: Parameter, module?: Module): FormulaKind {
  if (parameter.role === 'weight') return 'k';
  if (parameter.role === 'scale') return 'nw';
  if (parameter.role === 'statistic') return name.endsWith('running_mean') ? 'rm' : 'rv';
  const beside = module?.parameters.get(name.replace(/bias$/, 'weight'));
  return beside?.role === 'scale' || /(^|\.)bn\d*\.bias$/.test(name) ? 'nb' : 'b';
}

/** Flat positions of the samples of a record. */
export function formulaPositions(tag: string, size: number, count: number): readonly number[] {
  const seed = formulaHash(`idx:${tag}`);
  return Array.from({ length: count }, (_, i) => (formulaUnit(seed, i) * 2 ** 32) % size);
}
