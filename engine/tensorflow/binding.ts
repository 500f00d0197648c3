import type { TensorFlowBinding, TensorMetadata, TensorValues } from '#tfjs-node';
import { type Api, AttrType, DataType, type Pointer } from './api.js';
import { setAttribute } from './attributes.js';
import type { Context } from './context.js';
import { decodeStrings, encodeStrings, isStrings } from './strings.js';

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
      const tensor = newTensor(api, shape, typeNumber(dtype), values);
      const handle = api.TFE_NewTensorHandle(tensor, status);
      api.TF_DeleteTensor(tensor);
      check('creating a tensor');
      return register(handle);
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

/** Allocates a C tensor and copies the values in. */
export function newTensor(api: Api, shape: readonly number[], dtype: number, values: TensorValues): Pointer {
  const data = isStrings(dtype) ? encodeStrings(values) : toTypedArray(dtype, values);
  const tensor = api.TF_AllocateTensor(dtype, shape, shape.length, data.byteLength);
  if (data.byteLength > 0) api.copyIn(api.TF_TensorData(tensor), data, data.byteLength);
  return tensor;
}

/** Shape and type of a handle. */
export function describeHandle(api: Api, handle: Pointer, status: Pointer): { shape: number[]; dtype: number } {
  const rank = api.TFE_TensorHandleNumDims(handle, status);
  const shape: number[] = [];
  for (let axis = 0; axis < rank; axis++) shape.push(api.TFE_TensorHandleDim(handle, axis, status));
  return { shape, dtype: api.TFE_TensorHandleDataType(handle) };
}

function readTensor(api: Api, tensor: Pointer, dtype: number): ReturnType<EagerBinding['tensorDataSync']> {
  const byteLength = api.TF_TensorByteSize(tensor);
  const buffer = new Uint8Array(byteLength);
  if (byteLength > 0) api.copyOut(buffer, api.TF_TensorData(tensor), byteLength);
  if (dtype === DataType.string) return decodeStrings(buffer);
  if (dtype === DataType.int32) return new Int32Array(buffer.buffer);
  if (dtype === DataType.int64) return new BigInt64Array(buffer.buffer);
  if (dtype === DataType.float || dtype === DataType.complex64) return new Float32Array(buffer.buffer);
  return buffer;
}

function toTypedArray(dtype: number, values: TensorValues): ArrayBufferView {
  const numbers = values as ArrayLike<number>;
  if (dtype === DataType.int64) return BigInt64Array.from(Array.from(numbers, BigInt));
  if (dtype === DataType.float || dtype === DataType.complex64) {
    return values instanceof Float32Array ? values : Float32Array.from(numbers);
  }
  if (dtype === DataType.int32) return values instanceof Int32Array ? values : Int32Array.from(numbers);
  return values instanceof Uint8Array ? values : Uint8Array.from(numbers);
}
