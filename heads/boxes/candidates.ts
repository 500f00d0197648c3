/**
 * The largest values of an array, largest first; of equals the one with the lower index. NaN is never among them.
 *
 * @param values  any order
 * @param limit   at most so many
 * @param minimum values below it are left out
 * @returns       their indices
 */
export function topIndices(values: Float32Array, limit: number, minimum: number): Int32Array {
  const size = Math.min(limit, values.length);
  const heap = new Int32Array(size); // the worst kept candidate is at the root
  let count = 0;
  if (size === 0) return heap;
  let bar = minimum;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (count < size) {
      if (!(value >= minimum)) continue;
      heap[count] = i;
      rise(heap, count, values);
      count++;
      if (count === size) bar = values[heap[0]!]!;
    } else if (value > bar) {
      heap[0] = i;
      sink(heap, count, values);
      bar = values[heap[0]]!;
    }
  }
  return heap.subarray(0, count).sort((a, b) => values[b]! - values[a]! || a - b);
}

/** True when candidate a is worse than b. */
function worse(a: number, b: number, values: Float32Array): boolean {
  const difference = values[a]! - values[b]!;
  return difference < 0 || (difference === 0 && a > b);
}

function rise(heap: Int32Array, start: number, values: Float32Array): void {
  let at = start;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!worse(heap[at]!, heap[parent]!, values)) return;
    swap(heap, at, parent);
    at = parent;
  }
}

function sink(heap: Int32Array, count: number, values: Float32Array): void {
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= count) return;
    const right = left + 1;
    const child = right < count && worse(heap[right]!, heap[left]!, values) ? right : left;
    if (!worse(heap[child]!, heap[at]!, values)) return;
    swap(heap, at, child);
    at = child;
  }
}

function swap(heap: Int32Array, a: number, b: number): void {
  const kept = heap[a]!;
  heap[a] = heap[b]!;
  heap[b] = kept;
}
