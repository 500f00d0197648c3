import type { Module } from '../../backbones/module.js';
import { fileShape } from '../../pretrained/layout.js';
import { loadStateDict } from '../../pretrained/stateDict.js';
import type { HostTensor } from '../../weights/hostTensor.js';
import { formulaKind, formulaValues } from './formula.js';

/** Fills every parameter of a module with formula weights, by its name and its shape in the state dict. */
export function loadFormulaWeights(module: Module, gain: number): void {
  for (const [name, parameter] of module.parameters) {
    const shape = fileShape(parameter.variable.shape, parameter.layout);
    const kind = formulaKind(name, parameter, module);
    const tensor: HostTensor = { dtype: 'F32', shape, data: formulaValues(name, shape, kind, gain) };
    const one = { parameters: new Map([[name, parameter]]), dispose: () => {} }; // one at a time: large networks
    loadStateDict(one, new Map([[name, tensor]]), { partial: false });
  }
}
