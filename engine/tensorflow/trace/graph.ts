import type { OpAttr } from '#tfjs-node';
import type { GraphOutput, Pointer } from '../binding/api.js';
import { setAttribute } from '../binding/attributes.js';
import type { Context } from '../context.js';

/** Shape and type of one output of a graph operation. */
export interface OutputInfo {
  readonly output: GraphOutput;
  readonly shape: number[];
  readonly dtype: number;
}

/** Adds one operation to a graph; shapes come from TensorFlow's own shape inference, nothing is executed. */
export function addOperation(
  context: Context,
  graph: Pointer,
  op: {
    name: string;
    type: string;
    inputs: readonly (GraphOutput | readonly GraphOutput[])[];
    attrs: readonly OpAttr[];
    /** Outputs that must exist before the operation starts. */
    after?: readonly GraphOutput[];
  },
): readonly OutputInfo[] {
  const { api, status, check } = context;
  const description = api.TF_NewOperation(graph, op.type, op.name);
  for (const input of op.inputs) {
    if ('oper' in input) api.TF_AddInput(description, input);
    else api.TF_AddInputList(description, input, input.length);
  }
  for (const { oper } of op.after ?? []) api.TF_AddControlInput(description, oper);
  for (const attr of op.attrs) setAttribute(api, 'TF_SetAttr', description, attr, status);
  const oper = api.TF_FinishOperation(description, status);
  check(op.type);
  return Array.from({ length: api.TF_OperationNumOutputs(oper) }, (_, index) => {
    const output = { oper, index };
    return { output, shape: shapeOf(context, graph, output, op.type), dtype: api.TF_OperationOutputType(output) };
  });
}

/** Adds a constant whose C tensor already exists. */
export function addConstant(
  context: Context,
  graph: Pointer,
  name: string,
  dtype: number,
  tensor: Pointer,
): GraphOutput {
  const { api, status, check } = context;
  const description = api.TF_NewOperation(graph, 'Const', name);
  api.TF_SetAttrType(description, 'dtype', dtype);
  api.TF_SetAttrTensor(description, 'value', tensor, status);
  check('constant');
  const oper = api.TF_FinishOperation(description, status);
  check('constant');
  return { oper, index: 0 };
}

/** Adds a constant and frees the C tensor it was made of. */
export function moveConstant(...args: Parameters<typeof addConstant>): GraphOutput {
  const [{ api }, , , , tensor] = args;
  try {
    return addConstant(...args);
  } finally {
    api.TF_DeleteTensor(tensor);
  }
}

/** Adds a function input of known shape. */
export function addPlaceholder(
  context: Context,
  graph: Pointer,
  name: string,
  { shape, dtype }: { readonly shape: readonly number[]; readonly dtype: number },
): GraphOutput {
  const { api, status, check } = context;
  const description = api.TF_NewOperation(graph, 'Placeholder', name);
  api.TF_SetAttrType(description, 'dtype', dtype);
  api.TF_SetAttrShape(description, 'shape', shape, shape.length);
  const oper = api.TF_FinishOperation(description, status);
  check('placeholder');
  return { oper, index: 0 };
}

function shapeOf(context: Context, graph: Pointer, output: GraphOutput, type: string): number[] {
  const { api, status, check } = context;
  const rank = api.TF_GraphGetTensorNumDims(graph, output, status);
  check(type);
  if (rank === 0) return [];
  const sizes = new BigInt64Array(Math.max(1, rank));
  if (rank > 0) api.TF_GraphGetTensorShape(graph, output, sizes, rank, status);
  check(type);
  return rank < 0 ? [-1] : Array.from(sizes, Number);
}
