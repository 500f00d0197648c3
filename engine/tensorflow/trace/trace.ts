import type { OpAttr, TensorFlowBinding, TensorMetadata } from '#tfjs-node';
import { valueAt } from '../../checked.js';
import type { MixedPrecision } from '../../compile.js';
import { EngineError } from '../../errors.js';
import { type CallSite, callSite, describeSite } from '../../source.js';
import { AttrType, DataType, type GraphOutput, type Pointer } from '../binding/api.js';
import { BINDING_CONSTANTS, type EagerBinding, FIRST_TRACED_ID, newTensor, typeNumber } from '../binding/binding.js';
import { type Context, TensorFlowError } from '../context.js';
import { createAutocast, type OperationAdder } from './autocast.js';
import { addOperation, moveConstant, type OutputInfo } from './graph.js';
import { createTraceInputs, type TraceInput } from './traceInputs.js';

/** Records what the kernel layer executes as a graph, without executing it. */
export interface Tracer {
  /** Takes the eager binding's place while the function runs. */
  readonly binding: TensorFlowBinding;
  readonly graph: Pointer;
  /** Inputs used so far, in the order of first use. */
  readonly inputs: readonly TraceInput[];
  /** Who made each node, by its name. */
  readonly sites: ReadonlyMap<string, CallSite>;
  /** The first thing the function did that a graph cannot; a promise may have swallowed the error. */
  readonly refusal: EngineError | null;
  /** What was added, in order: for the estimate of memory. */
  readonly nodes: readonly TracedNode[];
  readonly options: TracerOptions;
  /** Remembers `error` as the refusal, and returns it. */
  refuse(error: EngineError): EngineError;
  /** Number of a tensor that stands for an argument or a variable; a placeholder is made when it is first used. */
  declareSlot(slot: number, info: { shape: number[]; dtype: number }): TensorMetadata;
  /** The graph output a tensor number stands for. */
  resolve(id: number): GraphOutput;
  /** Adds a call of a function that the context knows; the shapes of its outputs are given, not inferred. */
  callFunction(callee: Callee, ids: readonly number[]): TensorMetadata[];
  /** A copy of a tensor that waits for another one. */
  copyAfter(id: number, awaited: number): TensorMetadata;
  /** What uses a computed tensor from here on uses another one of its shape. */
  substitute(id: number, other: number): void;
  /** Ends the trace: frees what was disposed meanwhile, and captured handles where nothing will use them. */
  finish(failed: boolean): void;
}

/** An operation of the graph as the estimate of memory sees it. */
export interface TracedNode {
  readonly type: string;
  readonly inputs: readonly GraphOutput[];
  readonly outputs: readonly OutputInfo[];
}

/** A function to be called from a trace. */
export interface Callee {
  readonly name: string;
  readonly fn: Pointer;
  readonly outputs: readonly { readonly shape: readonly number[]; readonly dtype: number }[];
  /** XLA must compile it, or its ops are executed as they are. */
  readonly kind: 'xla' | 'stock';
}

export interface TracerOptions {
  /** Name of the function. */
  readonly name?: string | undefined;
  /** What a slot's value is when it is to be written into the graph, else null. The tracer frees it. */
  readonly constants?: (slot: number) => Pointer | null;
  readonly mixedPrecision?: MixedPrecision | undefined;
  /** Plain TensorFlow ops only, which TensorFlow fuses at inference, and tensors made outside written into the graph. */
  readonly plain?: boolean;
}

let lastId = FIRST_TRACED_ID;
/** Ops that take a list of tensors: [first input of the list, inputs after it]. */
const LIST_INPUTS: { readonly [type: string]: readonly [number, number] } = {
  ConcatV2: [0, 1],
  Pack: [0, 0],
  Einsum: [0, 0],
  IdentityN: [0, 0],
  CollectiveReduceV2: [4, 0],
};

/** Outputs whose shape TensorFlow does not infer and nobody reads: scratch space of an op for its own gradient. */
const SCRATCH_OUTPUTS: { readonly [type: string]: number } = { FusedBatchNormV3: 5 };

export function createTracer(context: Context, eager: EagerBinding, options: TracerOptions = {}): Tracer {
  const { api } = context;
  const graph = api.TF_NewGraph();
  const add: OperationAdder = options.mixedPrecision
    ? createAutocast(context, graph, options.mixedPrecision)
    : (op) => addOperation(context, graph, op);
  const sites = new Map<string, CallSite>();
  const interned = new Map<string, CallSite>();
  let refusal: EngineError | null = null;
  const refuse = (error: EngineError): EngineError => {
    refusal ??= error;
    return error;
  };
  const outputs = new Map<number, OutputInfo>();
  const disposed: number[] = [];
  const copied = new Set<string>();
  const nodes: TracedNode[] = [];
  let lastNode = 0;
  const nodeName = (type: string): string => `${type}_${lastNode++}`;
  const remember = (name: string): CallSite => {
    const site = callSite();
    const key = describeSite(site);
    const known = interned.get(key) ?? site;
    interned.set(key, known);
    sites.set(name, known);
    return known;
  };
  const constantTrue = (): GraphOutput => {
    const tensor = newTensor(api, [], DataType.bool, Uint8Array.of(1));
    return moveConstant(context, graph, nodeName('always'), DataType.bool, tensor);
  };
  const inputs = createTraceInputs(context, eager, { graph, nodeName, ...options });
  const resolve = (id: number): GraphOutput => outputs.get(id)?.output ?? inputs.resolve(id);

  const binding: TensorFlowBinding = {
    ...BINDING_CONSTANTS,
    isUsingGpuDevice: eager.isUsingGpuDevice,
    getNumOfTensors: eager.getNumOfTensors,
    createTensor(shape, dtype, values) {
      const type = typeNumber(dtype);
      const id = eager.createTensor(shape, type, values);
      inputs.addConstant(id, type, newTensor(api, shape, type, values));
      return id;
    },
    deleteTensor(id) {
      if (id < FIRST_TRACED_ID) disposed.push(id);
    },
    tensorDataSync(id) {
      if (inputs.isConstant(id)) return eager.tensorDataSync(id);
      throw refuse(
        new EngineError(
          `${describeSite(callSite())} reads a tensor's values, which a compiled function does not have while it is traced: read them outside, or return the tensor`,
        ),
      );
    },
    executeOp(type, attrs: OpAttr[], ids) {
      const flat = ids.map(resolve);
      const list = LIST_INPUTS[type];
      const name = nodeName(type);
      const site = remember(name);
      const results = located(site, type, () => add({ name, type, inputs: list ? group(flat, list) : flat, attrs }));
      nodes.push({ type, inputs: flat, outputs: results });
      return results.map((info, i) => {
        const id = ++lastId;
        const isScratch = SCRATCH_OUTPUTS[type] === i;
        if (!isScratch && info.shape.some((size) => size < 0)) throw refuse(dataDependent(type, site));
        const known = isScratch ? { ...info, shape: [0] } : info;
        outputs.set(id, known);
        return { id, shape: known.shape, dtype: known.dtype };
      });
    },
  };

  const tracer: Tracer = {
    binding,
    graph,
    inputs: inputs.used,
    sites,
    nodes,
    options,
    get refusal() {
      return refusal;
    },
    refuse,
    resolve,
    declareSlot(slot, { shape, dtype }) {
      const id = ++lastId;
      inputs.addSlot(id, { slot, shape, dtype });
      return { id, shape: shape.slice(), dtype };
    },
    callFunction(callee, ids) {
      if (!copied.has(callee.name)) {
        api.TF_GraphCopyFunction(graph, callee.fn, null, context.status);
        context.check(callee.name);
        copied.add(callee.name);
      }
      const args = ids.map(resolve);
      const call = callee.kind === 'xla' ? xlaCall(callee.name, args) : branch(callee.name, args, constantTrue());
      const attrs: OpAttr[] = [
        { name: 'Tin', type: AttrType.type, value: args.map((arg) => api.TF_OperationOutputType(arg)) },
        { name: 'Tout', type: AttrType.type, value: callee.outputs.map(({ dtype }) => dtype) },
        ...call.attrs,
      ];
      const op = { ...call, name: nodeName(callee.name), attrs };
      remember(op.name);
      const made = addOperation(context, graph, op).map(({ output, dtype }, i) => ({
        output,
        dtype,
        shape: [...valueAt(callee.outputs, i).shape],
      }));
      nodes.push({ type: op.type, inputs: args, outputs: made });
      return made.map(({ output, dtype, shape }) => {
        api.TF_GraphSetTensorShape(graph, output, shape, shape.length, context.status);
        context.check(callee.name);
        outputs.set(++lastId, { output, shape, dtype });
        return { id: lastId, shape: shape.slice(), dtype };
      });
    },
    copyAfter(id, awaited) {
      const op = {
        name: nodeName('after'),
        type: 'Identity',
        inputs: [resolve(id)],
        attrs: [],
        after: [resolve(awaited)],
      };
      const [info] = addOperation(context, graph, op);
      outputs.set(++lastId, info as OutputInfo);
      nodes.push({ type: 'Identity', inputs: [resolve(id)], outputs: [info as OutputInfo] });
      const { shape, dtype } = info as OutputInfo;
      return { id: lastId, shape: shape.slice(), dtype };
    },
    substitute(id, other) {
      const info = outputs.get(other);
      if (info && outputs.has(id)) outputs.set(id, info);
    },
    finish(failed) {
      inputs.finish(failed);
      for (const id of disposed) eager.deleteTensor(id);
      disposed.length = 0;
    },
  };
  tracers.set(binding, tracer);
  return tracer;
}

type Call = Pick<Parameters<typeof addOperation>[2], 'type' | 'inputs' | 'attrs'>;

const xlaCall = (name: string, args: readonly GraphOutput[]): Call => ({
  type: 'PartitionedCall',
  inputs: [args],
  attrs: [
    { name: 'f', type: AttrType.function, value: name },
    { name: '_XlaMustCompile', type: AttrType.bool, value: true },
  ],
});

/** Both branches are the function. */
const branch = (name: string, args: readonly GraphOutput[], condition: GraphOutput): Call => ({
  type: 'StatelessIf',
  inputs: [condition, args],
  attrs: [
    { name: 'Tcond', type: AttrType.type, value: DataType.bool },
    { name: 'then_branch', type: AttrType.function, value: name },
    { name: 'else_branch', type: AttrType.function, value: name },
  ],
});

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

function dataDependent(type: string, site: CallSite): EngineError {
  return new EngineError(
    `${describeSite(site)}: ${type} has a data-dependent shape and cannot be compiled: call it outside compile(), or use an op whose result has a fixed shape`,
  );
}

/** Adds to an error of TensorFlow which call it comes from. */
function located<T>(site: CallSite, type: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TensorFlowError)) throw error;
    throw new TensorFlowError(
      `${describeSite(site)}: ${error.message.includes(type) ? '' : `${type}: `}${error.message}`,
    );
  }
}
