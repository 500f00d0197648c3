import * as tf from '@tensorflow/tfjs';
import type { Module, ParameterLayout } from '../../backbones/module.js';
import { formulaKind, formulaValues } from '../backbones/formula.js';

/** The shape a parameter has in a PyTorch state dict. */
export function storedShape(shape: readonly number[], layout: ParameterLayout): readonly number[] {
  const [a, b, c, d] = shape as [number, number, number, number];
  if (layout === 'convolution') return [d, c, a, b];
  return layout === 'depthwise' ? [c, d, a, b] : shape;
}

/** Gives every parameter the values that its full name, `prefix` first, has by formula. */
export function assignFormula(module: Module, gain: number, prefix = ''): void {
  for (const [name, parameter] of module.parameters) {
    const { variable, layout } = parameter;
    const shape = storedShape(variable.shape, layout);
    const values = formulaValues(prefix + name, shape, formulaKind(name, parameter, module), gain);
    tf.tidy(() => variable.assign(fromStored(tf.tensor(values, [...shape]), layout)));
  }
}

function fromStored(tensor: tf.Tensor, layout: ParameterLayout): tf.Tensor {
  if (layout === 'convolution') return tf.transpose(tensor, [2, 3, 1, 0]);
  return layout === 'depthwise' ? tf.transpose(tensor, [2, 3, 0, 1]) : tensor;
}
