import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from '../checked.js';
import { ShapeError } from '../errors.js';
import { defineKernel, type Kernel } from './kernel.js';

/** Labels of the axes of both operands and of the result. */
interface Equation {
  readonly a: string;
  readonly b: string;
  readonly result: string;
}

const kernel: Kernel<{ a: tf.Tensor; b: tf.Tensor }, { equation: string }, tf.Tensor> = defineKernel({
  name: 'EspalierEinsum',
  portable: ({ a, b }: { a: tf.Tensor; b: tf.Tensor }, { equation }: { equation: string }) => tf.einsum(equation, a, b),
  differentiation: {
    savedInputs: ['a', 'b'],
    gradient: ([dy], { a, b }, _, { equation }) => einsumGradients(dy, a, b, equation),
  },
});

/**
 * Product of two tensors summed over the labels that the result does not have, such as 'bij,bjk->bik'.
 *
 * @param equation one letter an axis; no letter twice in one operand, no ellipsis
 * @param a        float32
 * @param b        float32
 * @throws ShapeError when the equation does not fit the operands
 */
export function einsum(equation: string, a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const labels = parse(equation);
  const lengths = new Map<string, number>();
  for (const [letters, { shape }] of [
    [labels.a, a],
    [labels.b, b],
  ] as const) {
    if (letters.length !== shape.length || new Set(letters).size !== letters.length) {
      throw new ShapeError(`einsum '${equation}' got a tensor [${shape}] for '${letters}': one letter for each axis`);
    }
    shape.forEach((length, axis) => {
      const letter = letters[axis] as string;
      if ((lengths.get(letter) ?? length) !== length) {
        throw new ShapeError(`einsum '${equation}' got lengths ${lengths.get(letter)} and ${length} for '${letter}'`);
      }
      lengths.set(letter, length);
    });
  }
  return kernel({ a, b }, { equation: `${labels.a},${labels.b}->${labels.result}` });
}

function parse(equation: string): Equation {
  const match = /^([a-z]*),([a-z]*)->([a-z]*)$/i.exec(equation.replaceAll(' ', ''));
  const [, a = '', b = '', result = ''] = match ?? [];
  const known = [...result].every((letter) => a.includes(letter) || b.includes(letter));
  if (!match || !known || new Set(result).size !== result.length) {
    throw new ShapeError(`einsum cannot read '${equation}': write it as 'ij,jk->ik'`);
  }
  return { a, b, result };
}

/** Gradients of both operands of a product. */
export function einsumGradients(
  dy: tf.Tensor,
  a: tf.Tensor,
  b: tf.Tensor,
  equation: string,
): { readonly a: () => tf.Tensor; readonly b: () => tf.Tensor } {
  const labels = parse(equation);
  return {
    a: () => operandGradient(dy, b, { a: labels.result, b: labels.b, result: labels.a }, a.shape),
    b: () => operandGradient(dy, a, { a: labels.result, b: labels.a, result: labels.b }, b.shape),
  };
}

/** dy times the other operand, as the operand's own axes; those it alone has were summed, so their gradient repeats. */
function operandGradient(dy: tf.Tensor, other: tf.Tensor, labels: Equation, shape: readonly number[]): tf.Tensor {
  const { a, b, result } = labels;
  const present = [...result].filter((letter) => a.includes(letter) || b.includes(letter)).join('');
  const product = kernel({ a: dy, b: other }, { equation: `${a},${b}->${present}` });
  if (present === result) return product;
  const kept = [...result].map((letter, axis) => (present.includes(letter) ? valueAt(shape, axis) : 1));
  const repeats = [...result].map((letter, axis) => (present.includes(letter) ? 1 : valueAt(shape, axis)));
  return tf.tile(tf.reshape(product, kept), repeats);
}
