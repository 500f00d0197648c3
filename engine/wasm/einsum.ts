import * as tf from '@tensorflow/tfjs';
import { EngineError } from '../errors.js';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';

/** Registers einsum, which the stock backend does not have. */
export function registerEinsum(): void {
  registerTwin(
    'Einsum',
    'wasm',
    tensorKernel<{ readonly [name: string]: tf.Tensor }, { readonly equation: string }>((inputs, { equation }) =>
      einsum(Object.values(inputs), equation),
    ),
  );
}

/** Every operand gets all axes of the equation (length 1 where it has none); multiply, then sum what is not wanted. */
function einsum(operands: readonly tf.Tensor[], equation: string): tf.Tensor {
  const [left = '', result] = equation.replace(/\s/g, '').split('->');
  const labels = left.split(',');
  if (result === undefined || labels.length !== operands.length || !/^[a-z,]*$/i.test(left)) {
    throw new EngineError(`einsum cannot read '${equation}' for ${operands.length} tensors: write it as 'ij,jk->ik'`);
  }
  const axes = [...new Set([...result, ...left.replaceAll(',', '')])];
  const product = operands.map((x, i) => alignAxes(x, labels[i] as string, axes)).reduce((a, b) => tf.mul(a, b));
  const summed = axes.map((_, axis) => axis).slice(result.length);
  return summed.length > 0 ? tf.sum(product, summed) : product;
}

function alignAxes(x: tf.Tensor, labels: string, axes: readonly string[]): tf.Tensor {
  if (new Set(labels).size !== labels.length) {
    throw new EngineError(`einsum does not take a diagonal ('${labels}'): extract it before`);
  }
  const present = axes.filter((axis) => labels.includes(axis));
  const ordered = tf.transpose(
    x,
    present.map((axis) => labels.indexOf(axis)),
  );
  return tf.reshape(
    ordered,
    axes.map((axis) => (labels.includes(axis) ? (x.shape[labels.indexOf(axis)] as number) : 1)),
  );
}
