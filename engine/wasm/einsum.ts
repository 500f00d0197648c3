import * as tf from '@tensorflow/tfjs';
import { EngineError } from '../errors.js';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';

/** Registers einsum, which the stock backend does not have (wasm), or has for some equations only (webgpu). */
export function registerEinsum(backendName: 'wasm' | 'webgpu'): void {
  registerTwin(
    'Einsum',
    backendName,
    tensorKernel<{ readonly [name: string]: tf.Tensor }, { readonly equation: string }>((inputs, { equation }) =>
      einsum(Object.values(inputs), equation),
    ),
  );
}

/** A tensor and one letter for each of its axes. */
interface Labelled {
  readonly x: tf.Tensor;
  readonly labels: readonly string[];
}

function einsum(operands: readonly tf.Tensor[], equation: string): tf.Tensor {
  const [left = '', result] = equation.replace(/\s/g, '').split('->');
  const labels = left.split(',');
  const [first, second] = operands;
  const fits = result !== undefined && labels.length === operands.length && operands.length <= 2;
  if (!fits || !first || !/^[a-z,]*$/i.test(left)) {
    throw new EngineError(`einsum cannot read '${equation}' for ${operands.length} tensors: write it as 'ij,jk->ik'`);
  }
  const [a = '', b = ''] = labels;
  const wanted = [...result];
  if (!second) return arranged(summed(label(first, a), wanted), wanted);
  const product = multiply(
    summed(label(first, a), [...wanted, ...b]),
    summed(label(second, b), [...wanted, ...a]),
    wanted,
  );
  return arranged(product, wanted);
}

/** One matrix product: [shared and kept, only a, contracted] x [shared and kept, contracted, only b]. */
function multiply(a: Labelled, b: Labelled, wanted: readonly string[]): Labelled {
  const shared = a.labels.filter((letter) => b.labels.includes(letter));
  const batch = shared.filter((letter) => wanted.includes(letter));
  const contracted = shared.filter((letter) => !wanted.includes(letter));
  const rows = a.labels.filter((letter) => !shared.includes(letter));
  const columns = b.labels.filter((letter) => !shared.includes(letter));
  const size = ({ x, labels }: Labelled, letters: readonly string[]): number =>
    letters.reduce((product, letter) => product * (x.shape[labels.indexOf(letter)] as number), 1);
  const left = tf.reshape(arranged(a, [...batch, ...rows, ...contracted]), [
    size(a, batch),
    size(a, rows),
    size(a, contracted),
  ]);
  const right = tf.reshape(arranged(b, [...batch, ...contracted, ...columns]), [
    size(b, batch),
    size(b, contracted),
    size(b, columns),
  ]);
  const labels = [...batch, ...rows, ...columns];
  const shape = labels.map((letter) => size(a.labels.includes(letter) ? a : b, [letter]));
  return { x: tf.reshape(tf.matMul(left, right), shape), labels };
}

function label(x: tf.Tensor, labels: string): Labelled {
  if (new Set(labels).size !== labels.length || labels.length !== x.rank) {
    throw new EngineError(`einsum got '${labels}' for [${x.shape}]: one letter for each axis, and no diagonal`);
  }
  return { x, labels: [...labels] };
}

/** Sums over the axes that nothing needs. */
function summed({ x, labels }: Labelled, needed: readonly string[]): Labelled {
  const axes = labels.flatMap((letter, axis) => (needed.includes(letter) ? [] : [axis]));
  if (axes.length === 0) return { x, labels };
  return { x: tf.sum(x, axes), labels: labels.filter((letter) => needed.includes(letter)) };
}

function arranged({ x, labels }: Labelled, order: readonly string[]): tf.Tensor {
  return tf.transpose(
    x,
    order.map((letter) => labels.indexOf(letter)),
  );
}
