import type { OpAttr } from '#tfjs-node';
import { valueAt } from '../../checked.js';
import type { MixedPrecision } from '../../compile.js';
import { AttrType, DataType, type GraphOutput } from '../binding/api.js';
import type { Context } from '../context.js';
import { addOperation, type OutputInfo } from './graph.js';

/** Ops computed in 16 bits, and which of their inputs are of type T; the others are sizes. Sources of the list: the ops that accumulate in 32 bits. */
const SIXTEEN_BIT_OPS: { readonly [type: string]: readonly number[] } = {
  MatMul: [0, 1],
  BatchMatMul: [0, 1],
  BatchMatMulV2: [0, 1],
  Conv2D: [0, 1],
  Conv2DBackpropFilter: [0, 2],
  Conv2DBackpropInput: [1, 2],
  DepthwiseConv2dNative: [0, 1],
  DepthwiseConv2dNativeBackpropFilter: [0, 2],
  DepthwiseConv2dNativeBackpropInput: [1, 2],
};

export const SIXTEEN_BITS = { bf16: DataType.bfloat16, f16: DataType.half } as const;

/** Adds an operation like `addOperation`, in 16 bits where its type is in the list: inputs are cast, and results cast back. */
export type OperationAdder = (op: Parameters<typeof addOperation>[2]) => readonly OutputInfo[];

/**
 * Casts where torch.autocast and Keras' mixed policies do: around matrix products and convolutions.
 *
 * @source Micikevicius et al. 2018, arXiv:1710.03740, section 3
 */
export function createAutocast(context: Context, graph: bigint, precision: MixedPrecision): OperationAdder {
  const type = SIXTEEN_BITS[precision];
  const known = new Map<string, GraphOutput>();
  const castTo = (from: GraphOutput, source: number, target: number, name: string): OutputInfo => {
    const attrs: OpAttr[] = [
      { name: 'SrcT', type: AttrType.type, value: source },
      { name: 'DstT', type: AttrType.type, value: target },
      { name: 'Truncate', type: AttrType.bool, value: false },
    ];
    return valueAt(addOperation(context, graph, { name, type: 'Cast', inputs: [from], attrs }), 0);
  };
  /** A weight is cast once, however often it is used. */
  const narrowed = (from: GraphOutput, name: string): GraphOutput => {
    const key = `${from.oper}:${from.index}`;
    const cast = known.get(key) ?? castTo(from, DataType.float, type, name).output;
    known.set(key, cast);
    return cast;
  };

  return (op) => {
    const narrow = SIXTEEN_BIT_OPS[op.type];
    const isFloat = op.attrs.some(({ name, value }) => name === 'T' && value === DataType.float);
    if (!narrow || !isFloat) return addOperation(context, graph, op);
    const inputs = op.inputs.map((input, i) =>
      narrow.includes(i) && 'oper' in input ? narrowed(input, `${op.name}/narrow_${i}`) : input,
    );
    const attrs = op.attrs.map((attr) => (attr.name === 'T' ? { ...attr, value: type } : attr));
    return addOperation(context, graph, { ...op, inputs, attrs }).map(({ output }, i) =>
      castTo(output, type, DataType.float, `${op.name}/widen_${i}`),
    );
  };
}
