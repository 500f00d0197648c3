import type { Operation } from '../../engine/shapes/shapes.js';

/** Kernels whose output shares its input's memory. */
const VIEWS = new Set(['ExpandDims', 'Identity', 'Reshape']);
const FLOAT_BYTES = 4;

/**
 * Most bytes of float32 maps that exist at one time when a network runs operation by operation and each map is freed after
 * its last use. Weights are not counted.
 *
 * @param given     input images: ids and number of values
 * @param kept      ids of the maps that are the result
 */
export function peakBytes(
  operations: readonly Operation[],
  given: ReadonlyMap<number, number>,
  kept: readonly number[],
): number {
  const owners = new Map<number, number>();
  const ownerOf = (id: number): number => owners.get(id) ?? id;
  const made = operations.map((operation) => ({ ...operation, varies: operation.inputs.some(({ varies }) => varies) }));
  const lastUse = new Map<number, number>();
  for (const [index, { kernel, id, inputs }] of made.entries()) {
    const [first] = inputs;
    if (first && VIEWS.has(kernel)) owners.set(id, ownerOf(first.id));
    for (const input of inputs) lastUse.set(ownerOf(input.id), index);
  }
  for (const id of kept) lastUse.set(ownerOf(id), made.length);
  const sizes = new Map(given);
  let live = [...given.values()].reduce((sum, size) => sum + size, 0);
  let peak = live;
  for (const [index, { id, inputs, output, varies }] of made.entries()) {
    if (varies && ownerOf(id) === id) {
      sizes.set(
        id,
        output.reduce((product, side) => product * side, 1),
      );
      live += sizes.get(id) ?? 0;
      peak = Math.max(peak, live);
    }
    for (const owner of new Set([id, ...inputs.map((input) => input.id)].map(ownerOf))) {
      if ((lastUse.get(owner) ?? -1) > index) continue;
      live -= sizes.get(owner) ?? 0;
      sizes.delete(owner);
    }
  }
  return peak * FLOAT_BYTES;
}
