import { createHash } from 'node:crypto';
import type { Module } from '../../backbones/module.js';
import { fileShape } from '../../pretrained/layout.js';
import { formulaKind } from './formula.js';

export { loadFormulaWeights } from './loadFormulaWeights.js';

/** sha256 of the sorted lines 'name|d0,d1|kind' of a module's state dict, as goldens have it. */
export function stateDictDigest(module: Module): string {
  const lines = [...module.parameters].map(([name, parameter]) => {
    const shape = fileShape(parameter.variable.shape, parameter.layout);
    return `${name}|${shape.join(',')}|${formulaKind(name, parameter, module)}`;
  });
  return createHash('sha256').update(lines.sort().join('\n')).digest('hex');
}
