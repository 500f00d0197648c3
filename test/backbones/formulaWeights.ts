import { createHash } from 'node:crypto';
import type { Module } from '../../backbones/module.js';
import type { HostTensor } from '../../backbones/weights/hostTensor.js';
import { fileShape } from '../../backbones/weights/layout.js';
import { loadStateDict } from '../../backbones/weights/stateDict.js';
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

/** sha256 of the sorted lines 'name|d0,d1|kind' of a module's state dict, as goldens have it. */
export function stateDictDigest(module: Module): string {
  const lines = [...module.parameters].map(([name, parameter]) => {
    const shape = fileShape(parameter.variable.shape, parameter.layout);
    return `${name}|${shape.join(',')}|${formulaKind(name, parameter, module)}`;
  });
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}
