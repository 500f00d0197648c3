import type { Module } from '../../backbones/module.js';
import type { HostTensor } from '../../backbones/weights/hostTensor.js';
import { fileShape } from '../../backbones/weights/layout.js';
import { loadStateDict } from '../../backbones/weights/stateDict.js';
import { formulaKind, formulaValues } from './formula.js';

/** Fills every parameter of a module with formula weights, by its name and its shape in the state dict. */
export function loadFormulaWeights(module: Module, gain: number): void {
  const tensors = new Map<string, HostTensor>();
  for (const [name, parameter] of module.parameters) {
    const shape = fileShape(parameter.variable.shape, parameter.layout);
    tensors.set(name, { dtype: 'F32', shape, data: formulaValues(name, shape, formulaKind(name, parameter), gain) });
  }
  loadStateDict(module, tensors, { partial: false });
}
