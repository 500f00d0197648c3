import type { TensorFlowBinding, TensorMetadata, TensorValues } from '#tfjs-node';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../../weights/halves.js';
import { valueAt } from '../../checked.js';
import type { Context } from '../context.js';
import { type Api, AttrType, DataType, type Pointer } from './api.js';
import { setAttribute } from './attributes.js';
import { freeStrings, isStrings, newStrings, readStrings } from './strings.js';

/** The eager half of the engine: tensors by number, ops executed at once. */
export interface EagerBinding extends TensorFlowBinding {
  /** The tensor handle behind a number. */
  handleOf(id: number): Pointer;
  /** Takes ownership of a handle; returns its number. */
  register(handle: Pointer): number;
}

const TYPE_NUMBERS: { readonly [name: string]: number } = {
  float32: DataType.float,
  int32: DataType.int32,
  bool: DataType.bool,
  complex64: DataType.complex64,
  string: DataType.string,
};

/** Numbers of traced tensors start here, far from those of real ones: they own no memory. */
export const FIRST_TRACED_ID = 2 ** 40;

/** Constants by which the kernel layer names types and attributes. */
export const BINDING_CONSTANTS = {
  TF_FLOAT: DataType.float,
  TF_INT32: DataType.int32,
  TF_INT64: DataType.int64,
  TF_BOOL: DataType.bool,
  TF_COMPLEX64: DataType.complex64,
  TF_STRING: DataType.string,
  TF_RESOURCE: DataType.resource,
  TF_UINT8: DataType.uint8,
  TF_ATTR_STRING: AttrType.string,
  TF_ATTR_INT: AttrType.int,
  TF_ATTR_FLOAT: AttrType.float,
  TF_ATTR_BOOL: AttrType.bool,
  TF_ATTR_TYPE: AttrType.type,
  TF_ATTR_SHAPE: AttrType.shape,
  TF_ATTR_RESOURCE: AttrType.resource,
} as const;

/** Type number of a kernel layer's type, which may come as a name. */
export const typeNumber = (dtype: number | string): number =>
  typeof dtype === 'number' ? dtype : (TYPE_NUMBERS[dtype] as number);

/** Implements the kernel layer's binding on the C API. Ids are positive: the kernel layer frees no others. */
export function createBinding(context: Context): EagerBinding {
  const { api, eager, status, check } = context;
  const handles = new Map<number, Pointer>();
  let lastId = 0;
  const register = (handle: Pointer): number => {
    handles.set(++lastId, handle);
    return lastId;
  };
  const handleOf = (id: number): Pointer => {
    const handle = handles.get(id);
    if (handle === undefined) throw new Error(`tensor ${id} was disposed`);
    return handle;
  };
  const adopt = (handle: Pointer): TensorMetadata => ({ id: register(handle), ...describeHandle(api, handle, status) });

  return {
    ...BINDING_CONSTANTS,
    TF_Version: context.version,
    handleOf,
    register,
    isUsingGpuDevice: () => context.devices.some((device) => device.type === 'GPU'),
    getNumOfTensors: () => handles.size,
    createTensor(shape, dtype, values) {
      const type = typeNumber(dtype);
      const tensor = newTensor(api, shape, type, values);
      try {
        const handle = api.TFE_NewTensorHandle(tensor, status);
        check('creating a tensor');
        return register(isStrings(type) ? ownStrings(context, handle) : handle);
      } finally {
        freeTensor(api, tensor, type);
      }
    },
    deleteTensor(id) {
      if (id >= FIRST_TRACED_ID) return;
      api.TFE_DeleteTensorHandle(handleOf(id));
      handles.delete(id);
    },
    tensorDataSync(id) {
      const tensor = api.TFE_TensorHandleResolve(handleOf(id), status);
      check('reading a tensor');
      try {
        return readTensor(api, tensor, api.TFE_TensorHandleDataType(handleOf(id)));
      } finally {
        api.TF_DeleteTensor(tensor);
      }
    },
    executeOp(name, attrs, inputs, outputs) {
      const op = api.TFE_NewOp(eager, name, status);
      check(name);
      try {
        for (const id of inputs) {
          api.TFE_OpAddInput(op, handleOf(id), status);
          check(name);
        }
        for (const attr of attrs) setAttribute(api, 'TFE_OpSetAttr', op, attr, status);
        const results = new BigUint64Array(Math.max(1, outputs));
        const count = Int32Array.of(outputs);
        api.TFE_Execute(op, results, count, status);
        check(name);
        return Array.from(results.subarray(0, count[0]), adopt);
      } finally {
        api.TFE_DeleteOp(op);
      }
    },
  };
}

/** Allocates a C tensor and copies the values in; to be freed with `freeTensor`. */
export function newTensor(api: Api, shape: readonly number[], dtype: number, values: TensorValues): Pointer {
  const size = shape.reduce((product, length) => product * length, dtype === DataType.complex64 ? 2 : 1);
  const count = (values as ArrayLike<unknown>).length;
  if (count !== size) throw new Error(`a tensor of shape [${shape}] takes ${size} values, not ${count}`);
  if (isStrings(dtype)) return newStrings(api, shape, values);
  const data = toTypedArray(dtype, values);
  const tensor = api.TF_AllocateTensor(dtype, shape, shape.length, data.byteLength);
  if (data.byteLength > 0) api.copyIn(api.TF_TensorData(tensor), data, data.byteLength);
  return tensor;
}

export function freeTensor(api: Api, tensor: Pointer, dtype: number): void {
  if (isStrings(dtype)) freeStrings(api, tensor);
  else api.TF_DeleteTensor(tensor);
}

/** A handle whose strings TensorFlow itself frees, in place of one that shares a tensor made here: each joined with ''. */
function ownStrings({ api, eager, status, check }: Context, shared: Pointer): Pointer {
  const nothing = newStrings(api, [], ['']);
  const empty = api.TFE_NewTensorHandle(nothing, status);
  const op = api.TFE_NewOp(eager, 'StringJoin', status);
  try {
    check('creating a tensor of strings');
    for (const input of [shared, empty]) api.TFE_OpAddInput(op, input, status);
    api.TFE_OpSetAttrInt(op, 'N', 2);
    api.TFE_OpSetAttrString(op, 'separator', new Uint8Array(1), 0);
    const results = new BigUint64Array(1);
    api.TFE_Execute(op, results, Int32Array.of(1), status);
    check('creating a tensor of strings');
    return valueAt(results, 0);
  } finally {
    api.TFE_DeleteOp(op);
    api.TFE_DeleteTensorHandle(empty);
    api.TFE_DeleteTensorHandle(shared);
    freeStrings(api, nothing);
  }
}

/** Shape and type of a handle. */
export function describeHandle(api: Api, handle: Pointer, status: Pointer): { shape: number[]; dtype: number } {
  const rank = api.TFE_TensorHandleNumDims(handle, status);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.push(api.TFE_TensorHandleDim(handle, axis, status));
  return { shape, dtype: api.TFE_TensorHandleDataType(handle) };
}

function readTensor(api: Api, tensor: Pointer, dtype: number): ReturnType<EagerBinding['tensorDataSync']> {
  if (isStrings(dtype)) return readStrings(api, tensor);
  const byteLength = api.TF_TensorByteSize(tensor);
  const buffer = new Uint8Array(byteLength);
  if (byteLength > 0) api.copyOut(buffer, api.TF_TensorData(tensor), byteLength);
  if (dtype === DataType.int32) return new Int32Array(buffer.buffer);
  if (dtype === DataType.int64) return new BigInt64Array(buffer.buffer);
  if (dtype === DataType.float || dtype === DataType.complex64) return new Float32Array(buffer.buffer);
  const fromBits = FROM_BITS.get(dtype);
  return fromBits ? Float32Array.from(new Uint16Array(buffer.buffer), fromBits) : buffer;
}

/** Types whose values are floating point numbers of 16 bits. */
const FROM_BITS = new Map<number, (pattern: number) => number>([
  [DataType.half, fromFloat16],
  [DataType.bfloat16, fromBfloat16],
]);
const TO_BITS = new Map<number, (value: number) => number>([
  [DataType.half, toFloat16],
  [DataType.bfloat16, toBfloat16],
]);

function toTypedArray(dtype: number, values: TensorValues): ArrayBufferView {
  const numbers = values as ArrayLike<number>;
  const toBits = TO_BITS.get(dtype);
  if (toBits) return Uint16Array.from(numbers, toBits);
  if (dtype === DataType.int64)
    return values instanceof BigInt64Array ? values : BigInt64Array.from(Array.from(numbers, BigInt));
  if (dtype === DataType.float || dtype === DataType.complex64) {
    return values instanceof Float32Array ? values : Float32Array.from(numbers);
  }
  if (dtype === DataType.int32) return values instanceof Int32Array ? values : Int32Array.from(numbers);
  return values instanceof Uint8Array ? values : Uint8Array.from(numbers);
}
