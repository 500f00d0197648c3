import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { einsum } from '../../../engine/kernels/index.js';
import { type KernelCase, runKernelCases } from '../../conformance/kernel.js';

const LENGTHS: { readonly [letter: string]: number } = { b: 2, i: 3, j: 4, k: 2, l: 3 };

/** Every combination of all labels, added up in the result's place. */
function loops(equation: string, a: readonly number[], b: readonly number[]): number[] {
  const [left, right, result] = equation.split(/,|->/) as [string, string, string];
  const letters = [...new Set(left + right)];
  const place = (labels: string, at: ReadonlyMap<string, number>): number =>
    [...labels].reduce((index, letter) => index * (LENGTHS[letter] as number) + (at.get(letter) as number), 0);
  const size = (labels: string): number =>
    [...labels].reduce((product, letter) => product * (LENGTHS[letter] as number), 1);
  const sums = new Array<number>(size(result)).fill(0);
  for (let n = 0; n < size(letters.join('')); n++) {
    let rest = n;
    const at = new Map<string, number>();
    for (const letter of letters) {
      at.set(letter, rest % (LENGTHS[letter] as number));
      rest = Math.floor(rest / (LENGTHS[letter] as number));
    }
    sums[place(result, at)]! += (a[place(left, at)] as number) * (b[place(right, at)] as number);
  }
  return sums;
}

runKernelCases(
  'einsum',
  ['ij,jk->ik', 'bij,bjk->bki', 'bij,kj->bik', 'ij,kl->lj', 'bij,bij->b', 'i,j->ij', 'ij,ij->'].map(
    (equation): KernelCase => {
      const [left, right] = equation.split(/,|->/) as [string, string];
      const shapeOf = (labels: string): number[] => [...labels].map((letter) => LENGTHS[letter] as number);
      return {
        name: equation,
        inputs: { a: { shape: shapeOf(left) }, b: { shape: shapeOf(right) } },
        run: ({ a, b }) => einsum(equation, a as tf.Tensor, b as tf.Tensor),
        expected: ({ a = [], b = [] }) => [loops(equation, a, b)],
        differentiable: ['a', 'b'],
        tolerance: 5e-3,
      };
    },
  ),
);

describe('einsum', () => {
  it('refuses what it cannot read, naming the part', () => {
    const square = tf.zeros([2, 2]);
    expect(() => einsum('ii,ij->j', square, square)).toThrow("[2,2] for 'ii'");
    expect(() => einsum('ij,jk->im', square, square)).toThrow('cannot read');
    expect(() => einsum('ij,jk', square, square)).toThrow('cannot read');
    expect(() => einsum('ij,jk->ik', square, tf.zeros([3, 2]))).toThrow("2 and 3 for 'j'");
  });
});
