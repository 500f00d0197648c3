import { valueAt } from '../engine/checked.js';
import { WeightsError } from '../engine/errors.js';
import type { ByteSource } from './bytes/byteSource.js';
import { type ElementType, elementType } from './elements.js';
import type { HostMemory } from './hostMemory.js';
import { type HostArray, sizeOf } from './hostTensor.js';
import type { LazyTensor } from './weightsFile.js';

/** A block of memory that tensors of a file look into. */
export interface StorageRef {
  readonly kind: 'storage';
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** null: bytes without a type, which their tensors give. */
  readonly element: ElementType | null;
}

/** A tensor as PyTorch saves it: a window into a storage; offset and strides in values. */
export interface TensorRef {
  readonly kind: 'tensor';
  readonly storage: StorageRef;
  readonly element: ElementType;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const MAX_RANK = 8;
/** Tensors may share storages; together they may not be larger than this many times the file. */
const MAX_EXPANSION = 16;

/** The arguments of `torch._utils._rebuild_tensor_v2`, checked: (storage, offset, shape, strides, ...). */
export function tensorRef(
  [storage, offset, shape, strides]: readonly unknown[],
  type: ElementType | null = null,
): TensorRef {
  const element = type ?? (isStorage(storage) ? storage.element : null);
  if (!isStorage(storage) || !element || !areSizes([offset]) || !areSizes(shape) || !areSizes(strides)) {
    throw new WeightsError('the file is damaged: a tensor is described wrongly');
  }
  const start = offset as number;
  const size = sizeOf(shape);
  const count = Math.floor(storage.size / element.width);
  const last = shape.reduce((index, length, axis) => index + (length - 1) * (strides[axis] ?? 0), start);
  if (shape.length !== strides.length || size > count || (size > 0 && last >= count)) {
    throw new WeightsError(
      `the file is damaged: a tensor [${shape}] with strides [${strides}] from ${start} in a storage of ${count} values`,
    );
  }
  return { kind: 'tensor', storage, element, offset: start, shape, strides };
}

/** Tensors that read their windows when asked; row-major, whatever the strides. */
export function lazyTensors(
  refs: ReadonlyMap<string, TensorRef>,
  storages: ReadonlyMap<string, ByteSource>,
  fileSize: number,
): ReadonlyMap<string, LazyTensor> {
  const total = [...refs.values()].reduce((sum, { shape, element }) => sum + sizeOf(shape) * element.width, 0);
  if (total > MAX_EXPANSION * fileSize) {
    throw new WeightsError(`the tensors are ${total} bytes, the file only ${fileSize}: refused`);
  }
  return new Map(
    [...refs].map(([name, ref]) => {
      const storage = storages.get(ref.storage.key);
      if (!storage) throw new WeightsError(`the file is damaged: storage ${ref.storage.key} of '${name}' is missing`);
      const { dtype } = ref.element;
      const read = (memory?: HostMemory) => ({ dtype, shape: ref.shape, data: readWindow(storage, ref, memory) });
      return [name, { dtype, shape: ref.shape, read }];
    }),
  );
}

/** Only the bytes between the first value and the last are read. */
function readWindow(
  storage: ByteSource,
  { element, offset, shape, strides }: TensorRef,
  memory?: HostMemory,
): HostArray {
  const count = sizeOf(shape);
  if (count === 0) return element.read(storage, 0, 0);
  const span = shape.reduce((index, length, axis) => index + (length - 1) * valueAt(strides, axis), 1);
  const values = element.read(storage, offset * element.width, span, memory);
  return isRowMajor(shape, strides) ? values : copyStrided(values, shape, strides);
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  return shape.every((length, axis) => length === 1 || strides[axis] === sizeOf(shape.slice(axis + 1)));
}

/** Row-major copy of what `strides` (in values) walk over. */
export function copyStrided(values: HostArray, shape: readonly number[], strides: readonly number[]): HostArray {
  const result = new (values.constructor as new (length: number) => HostArray)(sizeOf(shape));
  let position = 0;
  const copyAxis = (axis: number, from: number): void => {
    const stride = strides[axis] ?? 0;
    const length = shape[axis] ?? 1;
    for (let i = 0; i < length; i++) {
      if (axis < shape.length - 1) copyAxis(axis + 1, from + i * stride);
      else result[position++] = values[from + i * stride] as number & bigint;
    }
  };
  if (result.length > 0) copyAxis(0, 0);
  return result;
}

/** PyTorch's storage classes and types -> element types. */
export const STORAGES: ReadonlyMap<string, ElementType> = new Map([
  ['FloatStorage', elementType('F32')],
  ['HalfStorage', elementType('F16')],
  ['BFloat16Storage', elementType('BF16')],
  ['DoubleStorage', elementType('F64')],
  ['LongStorage', elementType('I64')],
  ['IntStorage', elementType('I32')],
  ['ShortStorage', elementType('I16')],
  ['CharStorage', elementType('I8')],
  ['ByteStorage', elementType('U8')],
  ['BoolStorage', elementType('BOOL')],
]);
/** `torch.uint16` and so on: tensors of these lie in storages without a type. */
export const TORCH_TYPES: ReadonlyMap<string, ElementType> = new Map([
  ['uint16', elementType('U16')],
  ['uint32', elementType('U32')],
  ['uint64', elementType('U64')],
]);

export function isStorage(value: unknown): value is StorageRef {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'storage';
}

export function isTensor(value: unknown): value is TensorRef {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor';
}

function areSizes(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) && value.length <= MAX_RANK && value.every((size) => Number.isSafeInteger(size) && size >= 0)
  );
}
