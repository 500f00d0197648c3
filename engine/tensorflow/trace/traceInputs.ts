import type { GraphOutput, Pointer } from '../binding/api.js';
import { describeHandle, type EagerBinding, freeTensor } from '../binding/binding.js';
import type { Context } from '../context.js';
import { addConstant, addPlaceholder, moveConstant } from './graph.js';

/** Where an input of a traced function comes from at each call. */
export type InputSource =
  | { readonly kind: 'slot'; readonly slot: number } // an argument or a variable, by its number
  | { readonly kind: 'capture'; readonly handle: Pointer }; // a tensor made outside, held for as long as the trace

export interface TraceInput {
  readonly source: InputSource;
  readonly output: GraphOutput;
  readonly dtype: number;
}

/** An argument or a variable of the function. */
interface Slot {
  readonly slot: number;
  readonly shape: readonly number[];
  readonly dtype: number;
}

interface TraceInputsOptions {
  readonly graph: Pointer;
  /** A name no other node has. */
  readonly nodeName: (type: string) => string;
  /** What a slot's value is when it is to be written into the graph, else null. It is freed here. */
  readonly constants?: (slot: number) => Pointer | null;
  /** Tensors made outside are written into the graph. */
  readonly plain?: boolean;
}

/** What a traced function reads and does not compute: each becomes a node of the graph when it is first used. */
export interface TraceInputs {
  /** Placeholders so far, in the order of first use. */
  readonly used: readonly TraceInput[];
  addSlot(id: number, slot: Slot): void;
  /** A tensor made inside the function; it is freed by `finish`. */
  addConstant(id: number, dtype: number, tensor: Pointer): void;
  isConstant(id: number): boolean;
  /** The node of a slot, of a constant, or of a tensor made outside. */
  resolve(id: number): GraphOutput;
  /** Frees the constants, and captured handles where nothing will use them. */
  finish(failed: boolean): void;
}

/** Constants up to this many bytes are written into the graph, where shape inference can read them. */
const INLINE_CONSTANT_BYTES = 64 * 1024;

export function createTraceInputs(context: Context, eager: EagerBinding, options: TraceInputsOptions): TraceInputs {
  const { api } = context;
  const { graph, nodeName } = options;
  const slots = new Map<number, Slot>();
  const made = new Map<number, { readonly bytes: number; readonly dtype: number; readonly tensor: Pointer }>();
  const resolved = new Map<number, GraphOutput>();
  const used: TraceInput[] = [];

  const capture = (id: number): GraphOutput => {
    if (options.plain) {
      const tensor = api.TFE_TensorHandleResolve(eager.handleOf(id), context.status);
      context.check('reading a tensor made outside the function');
      const dtype = api.TFE_TensorHandleDataType(eager.handleOf(id));
      return moveConstant(context, graph, nodeName('captured'), dtype, tensor);
    }
    const handle = api.TFE_TensorHandleCopySharingTensor(eager.handleOf(id), context.status);
    context.check('capturing a tensor');
    const { shape, dtype } = describeHandle(api, handle, context.status);
    const output = addPlaceholder(context, graph, nodeName('capture'), { shape, dtype });
    used.push({ source: { kind: 'capture', handle }, output, dtype });
    return output;
  };
  const openSlot = (id: number): GraphOutput | null => {
    const declared = slots.get(id);
    if (!declared) return null;
    const value = options.constants?.(declared.slot) ?? null;
    if (value !== null) return moveConstant(context, graph, nodeName('weight'), declared.dtype, value);
    const output = addPlaceholder(context, graph, nodeName('input'), declared);
    used.push({ source: { kind: 'slot', slot: declared.slot }, output, dtype: declared.dtype });
    return output;
  };
  const writeConstant = (id: number): GraphOutput | null => {
    const constant = made.get(id);
    if (!constant || constant.bytes > INLINE_CONSTANT_BYTES) return null;
    return addConstant(context, graph, nodeName('constant'), constant.dtype, constant.tensor);
  };

  return {
    used,
    addSlot: (id, slot) => {
      slots.set(id, slot);
    },
    addConstant: (id, dtype, tensor) => {
      made.set(id, { bytes: api.TF_TensorByteSize(tensor), dtype, tensor });
    },
    isConstant: (id) => made.has(id),
    resolve(id) {
      const known = resolved.get(id);
      if (known) return known;
      const output = openSlot(id) ?? writeConstant(id) ?? capture(id);
      resolved.set(id, output);
      return output;
    },
    finish(failed) {
      if (failed)
        for (const { source } of used) if (source.kind === 'capture') api.TFE_DeleteTensorHandle(source.handle);
      for (const { tensor, dtype } of made.values()) freeTensor(api, tensor, dtype);
      made.clear();
    },
  };
}
