import type { OpAttr, TensorFlowBinding, TensorMetadata } from '#tfjs-node';
import { EngineError } from '../errors.js';
import { AttrType, type GraphOutput, type Pointer } from './api.js';
import {
  BINDING_CONSTANTS,
  describeHandle,
  type EagerBinding,
  FIRST_TRACED_ID,
  newTensor,
  typeNumber,
} from './binding.js';
import type { Context } from './context.js';
import { addConstant, addOperation, addPlaceholder, type OutputInfo } from './graph.js';

/** Where an input of a traced function comes from at each call. */
export type InputSource =
  | { readonly kind: 'slot'; readonly slot: number } // an argument or a variable, by its number
  | { readonly kind: 'capture'; readonly handle: Pointer }; // a tensor made outside, held for as long as the trace

export interface TraceInput {
  readonly source: InputSource;
  readonly output: GraphOutput;
  readonly dtype: number;
}

/** Records what the kernel layer executes as a graph, without executing it. */
export interface Tracer {
  /** Takes the eager binding's place while the function runs. */
  readonly binding: TensorFlowBinding;
  readonly graph: Pointer;
  /** Inputs used so far, in the order of first use. */
  readonly inputs: readonly TraceInput[];
  /** Number of a tensor that stands for an argument or a variable; a placeholder is made when it is first used. */
  declareSlot(slot: number, info: { shape: number[]; dtype: number }): TensorMetadata;
  /** The graph output a tensor number stands for. */
  resolve(id: number): GraphOutput;
  /** Adds a call of a function that the context knows; the shapes of its outputs are given, not inferred. */
  callFunction(callee: Callee, ids: readonly number[]): TensorMetadata[];
  /** Ends the trace: frees what was disposed meanwhile. Captured handles stay. */
  finish(): void;
}

/** A function to be called from a trace. */
export interface Callee {
  readonly name: string;
  readonly fn: Pointer;
  readonly outputs: readonly { readonly shape: readonly number[]; readonly dtype: number }[];
  /** Further attributes of the call, e.g. that XLA must compile it. */
  readonly attrs: readonly OpAttr[];
}

let lastId = FIRST_TRACED_ID;
/** Constants up to this many bytes are written into the graph, where shape inference can read them. */
const INLINE_CONSTANT_BYTES = 64 * 1024;

/** Ops that take a list of tensors: [first input of the list, inputs after it]. */
const LIST_INPUTS: { readonly [type: string]: readonly [number, number] } = {
  ConcatV2: [0, 1],
  Pack: [0, 0],
  AddN: [0, 0],
  Einsum: [0, 0],
  IdentityN: [0, 0],
  PartitionedCall: [0, 0],
};

/** @param constants what a slot's value is when it is to be written into the graph, else null */
export function createTracer(
  context: Context,
  eager: EagerBinding,
  constants: (slot: number) => Pointer | null = () => null,
): Tracer {
  const { api } = context;
  const graph = api.TF_NewGraph();
  const outputs = new Map<number, OutputInfo>();
  const slots = new Map<number, { slot: number; shape: number[]; dtype: number }>();
  const made = new Map<number, { bytes: number; dtype: number; tensor: Pointer }>();
  const resolved = new Map<number, GraphOutput>();
  const disposed: number[] = [];
  const copied = new Set<string>();
  const inputs: TraceInput[] = [];
  let lastNode = 0;
  const nodeName = (type: string): string => `${type}_${lastNode++}`;

  const capture = (id: number): GraphOutput => {
    const handle = api.TFE_TensorHandleCopySharingTensor(eager.handleOf(id), context.status);
    context.check('capturing a tensor');
    const { shape, dtype } = describeHandle(api, handle, context.status);
    const output = addPlaceholder(context, graph, nodeName('capture'), { shape, dtype });
    inputs.push({ source: { kind: 'capture', handle }, output, dtype });
    return output;
  };
  const openSlot = (id: number): GraphOutput | null => {
    const declared = slots.get(id);
    if (!declared) return null;
    const value = constants(declared.slot);
    if (value !== null) return addConstant(context, graph, nodeName('weight'), declared.dtype, value);
    const output = addPlaceholder(context, graph, nodeName('input'), declared);
    inputs.push({ source: { kind: 'slot', slot: declared.slot }, output, dtype: declared.dtype });
    return output;
  };
  const writeConstant = (id: number): GraphOutput | null => {
    const constant = made.get(id);
    if (!constant || constant.bytes > INLINE_CONSTANT_BYTES) return null;
    return addConstant(context, graph, nodeName('constant'), constant.dtype, constant.tensor);
  };
  const resolve = (id: number): GraphOutput => {
    const known = outputs.get(id)?.output ?? resolved.get(id);
    if (known) return known;
    const output = openSlot(id) ?? writeConstant(id) ?? capture(id);
    resolved.set(id, output);
    return output;
  };

  const binding: TensorFlowBinding = {
    ...BINDING_CONSTANTS,
    isUsingGpuDevice: eager.isUsingGpuDevice,
    getNumOfTensors: eager.getNumOfTensors,
    createTensor(shape, dtype, values) {
      const type = typeNumber(dtype);
      const id = eager.createTensor(shape, type, values);
      const tensor = newTensor(api, shape, type, values);
      made.set(id, { bytes: api.TF_TensorByteSize(tensor), dtype: type, tensor });
      return id;
    },
    deleteTensor(id) {
      if (id < FIRST_TRACED_ID) disposed.push(id);
    },
    tensorDataSync(id) {
      if (made.has(id)) return eager.tensorDataSync(id);
      throw new EngineError(
        `a compiled function reads a tensor's values (dataSync, arraySync, print): ${callerLine()}; read them outside, or return the tensor`,
      );
    },
    executeOp(type, attrs: OpAttr[], ids) {
      const flat = ids.map(resolve);
      const list = LIST_INPUTS[type];
      const grouped = list ? group(flat, list) : flat;
      const results = addOperation(context, graph, { name: nodeName(type), type, inputs: grouped, attrs });
      return results.map((info) => {
        const id = ++lastId;
        if (info.shape.some((size) => size < 0)) {
          if (results.length === 1) throw dataDependent(type);
          info = { ...info, shape: [0] };
        }
        outputs.set(id, info);
        return { id, shape: info.shape, dtype: info.dtype };
      });
    },
  };

  const tracer: Tracer = {
    binding,
    graph,
    inputs,
    resolve,
    declareSlot(slot, { shape, dtype }) {
      const id = ++lastId;
      slots.set(id, { slot, shape, dtype });
      return { id, shape: shape.slice(), dtype };
    },
    callFunction(callee, ids) {
      if (!copied.has(callee.name)) {
        api.TF_GraphCopyFunction(graph, callee.fn, null, context.status);
        context.check(callee.name);
        copied.add(callee.name);
      }
      const args = ids.map(resolve);
      const attrs: OpAttr[] = [
        { name: 'f', type: AttrType.function, value: callee.name },
        { name: 'Tin', type: AttrType.type, value: args.map((arg) => api.TF_OperationOutputType(arg)) },
        { name: 'Tout', type: AttrType.type, value: callee.outputs.map(({ dtype }) => dtype) },
        ...callee.attrs,
      ];
      const op = { name: nodeName(callee.name), type: 'PartitionedCall', inputs: [args], attrs };
      return addOperation(context, graph, op).map(({ output, dtype }, i) => {
        const shape = [...(callee.outputs[i] as Callee['outputs'][number]).shape];
        api.TF_GraphSetTensorShape(graph, output, shape, shape.length, context.status);
        context.check(callee.name);
        outputs.set(++lastId, { output, shape, dtype });
        return { id: lastId, shape: shape.slice(), dtype };
      });
    },
    finish() {
      for (const { tensor } of made.values()) api.TF_DeleteTensor(tensor);
      for (const id of disposed) eager.deleteTensor(id);
      made.clear();
      disposed.length = 0;
    },
  };
  tracers.set(binding, tracer);
  return tracer;
}

const tracers = new WeakMap<TensorFlowBinding, Tracer>();

/** The trace a binding belongs to; undefined for the eager one. */
export const tracerOf = (binding: TensorFlowBinding): Tracer | undefined => tracers.get(binding);

function group(
  flat: readonly GraphOutput[],
  [start, after]: readonly [number, number],
): (GraphOutput | GraphOutput[])[] {
  const end = flat.length - after;
  return [...flat.slice(0, start), flat.slice(start, end), ...flat.slice(end)];
}

function dataDependent(type: string): EngineError {
  return new EngineError(
    `${type} has a data-dependent shape and cannot be compiled (${callerLine()}): call it outside compile()`,
  );
}

/** The first stack line outside this library's engine and the tfjs packages: where the user called. */
function callerLine(): string {
  const lines = (new Error().stack ?? '').split('\n').slice(1);
  const line = lines.find((text) => !/engine[/\\]tensorflow|tfjs|node:internal/.test(text));
  return (line ?? lines.at(-1) ?? '').trim();
}
