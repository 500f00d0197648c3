import type { Operand, Operation } from '../../engine/shapes/shapes.js';

type Pair = readonly [height: number, width: number];

/** What the first cell of a map sees, and how far its neighbours' views lie apart: input pixels, height then width. */
export interface Field {
  readonly low: Pair;
  readonly high: Pair;
  readonly jump: Pair;
}

/** A pixel sees itself. */
export const PIXEL: Field = { low: [0, 0], high: [0, 0], jump: [1, 1] };
/** Attention, and means over the whole map. */
const EVERYWHERE: Field = {
  low: [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
  high: [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  jump: [1, 1],
};

/** Input pixels from the first to the last that a cell sees; infinite: the whole image, whatever its size. */
export function receptiveField({ low, high }: Field): Pair {
  return [high[0] - low[0] + 1, high[1] - low[1] + 1];
}

/**
 * Follows what cells see through the operations of a run without values. A gate that is the same for all cells of a map
 * (squeeze-and-excitation) widens no view: what a cell shows is still what lies in its own.
 *
 * @param fields by operation id; those of the operations are added
 * @source Araujo et al. 2019, "Computing receptive fields of convolutional neural networks", Distill
 */
export function followFields(fields: Map<number, Field>, operations: readonly Operation[]): void {
  for (const operation of operations) {
    const varying = operation.inputs.filter(({ varies }) => varies);
    const seen = placed(varying, operation.output).flatMap(({ id }) => fields.get(id) ?? []);
    const [first, ...others] = seen;
    if (!first) continue;
    const isAttention = operation.macs > 0 && varying.length > 1;
    const field = others.reduce(union, first);
    fields.set(operation.id, isAttention || isGlobal(operation) ? EVERYWHERE : through(field, operation));
  }
}

const REDUCTIONS = new Set(['Max', 'Mean', 'Min', 'Sum']);

/** Whether cells of different places are brought together: any reduction of another axis than the last. */
function isGlobal({ kernel, inputs, output }: Operation): boolean {
  const [shape = []] = inputs.map((input) => input.shape);
  return REDUCTIONS.has(kernel) && shape.slice(0, -1).some((side, axis) => side !== output[axis]);
}

/** Inputs that have the output's cells: one that is broadcast over all of them is a gate. */
function placed(inputs: readonly Operand[], output: readonly number[]): readonly Operand[] {
  const cells = (shape: readonly number[]): string => shape.slice(1, -1).join();
  const own = inputs.filter(({ shape }) => shape.length === output.length && cells(shape) === cells(output));
  return own.length > 0 ? own : inputs;
}

function through(field: Field, { window, output }: Operation): Field {
  if (!window || output.length !== 4) return field;
  const along = (axis: 0 | 1) => {
    const { [axis]: jump } = field.jump;
    const first = field.low[axis] - window.before[axis] * jump;
    const reach = ((window.size[axis] - 1) * window.dilation[axis] - window.before[axis]) * jump;
    return { low: first, high: field.high[axis] + reach, jump: jump * window.stride[axis] };
  };
  const [rows, columns] = [along(0), along(1)];
  return {
    low: [rows.low, columns.low],
    high: [rows.high, columns.high],
    jump: [rows.jump, columns.jump],
  };
}

function union(a: Field, b: Field): Field {
  const pair = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];
  return {
    low: pair((axis) => Math.min(a.low[axis], b.low[axis])),
    high: pair((axis) => Math.max(a.high[axis], b.high[axis])),
    jump: pair((axis) => Math.max(a.jump[axis], b.jump[axis])),
  };
}
