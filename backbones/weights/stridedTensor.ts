import { WeightsError } from '../../engine/errors.js';
import { type Decoder, type HostArray, type HostTensor, type HostTensors, sizeOf } from './hostTensor.js';

/** A block of memory that tensors of a file look into. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly key: string;
  /** Number of values. */
  readonly count: number;
  readonly decoder: Decoder;
}

/** A tensor as PyTorch saves it: a window into a storage; offset and strides in values. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const MAX_RANK = 8;
/** Tensors may share storages; together they may not be larger than this many times the file. */
const MAX_EXPANSION = 16;

/** The arguments of `torch._utils._rebuild_tensor_v2`, checked: (storage, offset, shape, strides, ...). */
export function tensorRef([storage, offset, shape, strides]: readonly unknown[]): TensorRef {
  if (!isStorage(storage) || !areSizes([offset]) || !areSizes(shape) || !areSizes(strides)) {
    throw new WeightsError('the file is damaged: a tensor is described wrongly');
  }
  const start = offset as number;
  const size = sizeOf(shape);
  const last = shape.reduce((index, length, axis) => index + (length - 1) * (strides[axis] as number), start);
  if (shape.length !== strides.length || size > storage.count || (size > 0 && last >= storage.count)) {
    throw new WeightsError(
      `the file is damaged: a tensor [${shape}] with strides [${strides}] from ${start} in a storage of ${storage.count} values`,
    );
  }
  return { kind: 'tensor', storage, offset: start, shape, strides };
}

/** Copies the windows out of their storages, row-major. */
export function materialise(
  tensors: readonly (readonly [string, TensorRef])[],
  storages: ReadonlyMap<string, Uint8Array>,
  fileLength: number,
): HostTensors {
  const total = tensors.reduce((sum, [, { shape, storage }]) => sum + sizeOf(shape) * storage.decoder.width, 0);
  if (total > MAX_EXPANSION * fileLength) {
    throw new WeightsError(`the tensors are ${total} bytes, the file only ${fileLength}: refused`);
  }
  const decoded = new Map<string, HostArray>();
  const result = new Map<string, HostTensor>();
  for (const [name, ref] of tensors) {
    const { key, decoder } = ref.storage;
    const bytes = storages.get(key);
    if (!bytes) throw new WeightsError(`the file is damaged: storage ${key} of '${name}' is missing`);
    const values = decoded.get(key) ?? decoder.decode(bytes);
    decoded.set(key, values);
    result.set(name, { dtype: decoder.dtype, shape: ref.shape, data: copyWindow(values, ref) });
  }
  return result;
}

function copyWindow(values: HostArray, { offset, shape, strides }: TensorRef): HostArray {
  const result = values.slice(0, sizeOf(shape));
  let position = 0;
  const copyAxis = (axis: number, from: number): void => {
    const stride = strides[axis] ?? 0;
    const length = shape[axis] ?? 1;
    for (let i = 0; i < length; i++) {
      if (axis < shape.length - 1) copyAxis(axis + 1, from + i * stride);
      else result[position++] = values[from + i * stride] as number & bigint;
    }
  };
  if (result.length > 0) copyAxis(0, offset);
  return result;
}

function isStorage(value: unknown): value is StorageRef {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'storage';
}

function areSizes(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) && value.length <= MAX_RANK && value.every((size) => Number.isSafeInteger(size) && size >= 0)
  );
}
