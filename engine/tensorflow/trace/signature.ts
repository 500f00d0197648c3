import type * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { DataType } from '../binding/api.js';
import { type Flattened, leafPaths, type Shape } from './tree.js';

/** What one trace was made for. */
export interface Signature {
  /** Equal for calls that the same trace serves. */
  readonly key: string;
  readonly shape: Shape;
  /** E.g. `float32[8,224,224,3]`, one for each tensor. */
  readonly types: readonly string[];
}

const TYPE_NAMES = new Map<number, string>(Object.entries(DataType).map(([name, value]) => [value, name]));
/** TensorFlow's own name of a type where tfjs has another. */
const typeName = (dtype: number): string => {
  const name = TYPE_NAMES.get(dtype) ?? String(dtype);
  return name === 'float' ? 'float32' : name;
};

export function signatureOf(backend: NodeJSKernelBackend, { leaves, shape }: Flattened): Signature {
  const types = leaves.map((tensor) => {
    const { dtype } = backend.tensorMap.get(tensor.dataId);
    return `${typeName(dtype)}[${tensor.shape.join()}]`;
  });
  return { key: `${JSON.stringify(shape)}|${types.join()}`, shape, types };
}

/** Why a call does not fit the trace before it: the sentence that is logged. */
export function difference(before: Signature, now: Signature, disposed: readonly tf.Variable[]): string {
  if (JSON.stringify(before.shape) !== JSON.stringify(now.shape)) {
    return `the arguments have another structure: ${JSON.stringify(before.shape)}, now ${JSON.stringify(now.shape)}`;
  }
  const paths = leafPaths(now.shape);
  const changed = now.types.flatMap((type, i) =>
    type === before.types[i] ? [] : [`argument ${paths[i]} was ${before.types[i]}, is ${type}`],
  );
  if (changed.length > 0) return changed.join('; ');
  return `variables it uses were disposed: ${listed(disposed)}`;
}

/** The names of few variables, the first of many. */
export function listed(variables: readonly tf.Variable[]): string {
  const names = variables.map(({ name }) => name);
  return names.length <= 3 ? names.join(', ') : `${names.slice(0, 3).join(', ')}, ...`;
}
