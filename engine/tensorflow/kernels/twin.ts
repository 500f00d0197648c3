import type * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend, OpAttr } from '#tfjs-node';
import { registerTwin } from '../../kernels/kernel.js';
import { AttrType, DataType } from '../binding/api.js';

/** Attributes of a TensorFlow op, each by the kind it has in the op's definition. */
export const attr = {
  type: (name: string, dtype: number): OpAttr => ({ name, type: AttrType.type, value: dtype }),
  float: (name: string, value: number): OpAttr => ({ name, type: AttrType.float, value }),
  bool: (name: string, value: boolean): OpAttr => ({ name, type: AttrType.bool, value }),
  int: (name: string, value: number): OpAttr => ({ name, type: AttrType.int, value }),
  ints: (name: string, value: readonly number[]): OpAttr => ({ name, type: AttrType.int, value: [...value] }),
  string: (name: string, value: string): OpAttr => ({ name, type: AttrType.string, value }),
};

/** T = float32, the attribute nearly every op has. */
export const FLOAT: OpAttr = attr.type('T', DataType.float);

/** The inputs of a kernel as the twin sees them. */
export type Inputs = { readonly [name: string]: tf.Tensor };
export type Attributes = { readonly [name: string]: number | boolean | string | readonly number[] };

/** A twin: the same kernel as one or few TensorFlow ops. */
export type Twin = (
  ops: NodeJSKernelBackend,
  inputs: Inputs,
  attributes: Attributes,
) => tf.Tensor | readonly tf.Tensor[];

/** Registers twins by kernel name. */
export function registerAll(backend: NodeJSKernelBackend, twins: { readonly [kernel: string]: Twin }): void {
  for (const [name, twin] of Object.entries(twins)) {
    registerTwin(name, 'tensorflow', ({ inputs, attrs }) => {
      const output = twin(backend, inputs as unknown as Inputs, (attrs ?? {}) as unknown as Attributes);
      return output as tf.Tensor | tf.Tensor[];
    });
  }
}

/** Input by name; a kernel always passes all of its inputs. */
export function input(inputs: Inputs, name: string): tf.Tensor {
  const tensor = inputs[name];
  if (tensor) return tensor;
  throw new TypeError(`input '${name}' is missing: there are ${Object.keys(inputs).join(', ')}`);
}
