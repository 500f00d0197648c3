import { valueAt } from '../../engine/checked.js';
import { WeightsError } from '../../engine/errors.js';
import { createByteReader } from '../bytes/byteReader.js';
import type { ByteSource } from '../bytes/byteSource.js';
import { sizeOf } from '../hostTensor.js';
import type { DatasetSpec, Layout } from './dataset.js';
import { unfilter } from './filters.js';
import { treeLeaves } from './group.js';
import { createBudget } from './header.js';

type Chunked = Extract<Layout, { kind: 'chunked' }>;

const MAX_RATIO = 1033;
/** Most bytes of a whole chunked tensor when unpacked. */
const MAX_BYTES = 512 * 1024 * 1024;
/** Chunks as large as a tensor's sides and a little more: two in each of three directions. */
const MAX_OVERHANG = 8;

/** Refuses what no chunks of this file could hold, before anything is allocated. */
export function checkChunks(
  source: ByteSource,
  { chunk }: Chunked,
  claim: { readonly name: string; readonly shape: readonly number[]; readonly bytes: number; readonly packed: boolean },
): void {
  const { name, shape, bytes, packed } = claim;
  if (chunk.length !== shape.length || chunk.some((size) => size === 0))
    throw new WeightsError(`'${name}' [${shape}] has chunks of [${chunk}]: the HDF5 file is damaged`);
  if (bytes > MAX_BYTES || bytes > source.size * (packed ? MAX_RATIO : 1))
    throw new WeightsError(`'${name}' [${shape}] claims ${bytes} bytes in chunks of a file of ${source.size}: refused`);
}

/** All chunks, unpacked and put in place, row-major; what no chunk covers is zero. @source section III.A.1 */
export function readChunks(source: ByteSource, { tree, chunk }: Chunked, spec: DatasetSpec): Uint8Array {
  const { name, shape, filters, datatype } = spec;
  const width = datatype.size;
  const chunkBytes = sizeOf(chunk) * width;
  if (chunkBytes > MAX_BYTES) throw new WeightsError(`'${name}' has chunks of ${chunkBytes} bytes: refused`);
  const result = new Uint8Array(sizeOf(shape) * width);
  const most = shape.reduce((product, size, axis) => product * Math.ceil(size / valueAt(chunk, axis)), 1);
  if (tree === null) return result;
  // Chunks reach over the edge of a tensor, but all together by no more than its size and some.
  if (filters.length > 0 && most * chunkBytes > Math.max(MAX_BYTES, MAX_OVERHANG * result.length))
    throw new WeightsError(`'${name}' [${shape}] has ${most} chunks of ${chunkBytes} bytes: refused`);
  let count = 0;
  const budget = createBudget(source);
  for (const { key, child } of treeLeaves(source, tree, {
    nodeType: 1,
    keyBytes: 8 + 8 * (shape.length + 1),
    budget,
  })) {
    if (++count > most) throw new WeightsError(`'${name}' has more than ${most} chunks: the HDF5 file is damaged`);
    const reader = createByteReader(key);
    const [size, skipped] = [reader.u32(), reader.u32()];
    const origin = shape.map(() => reader.size64());
    if (origin.some((start, axis) => start >= (shape[axis] as number)))
      throw new WeightsError(`'${name}' [${shape}] has a chunk at [${origin}]: the HDF5 file is damaged`);
    const bytes = unfilter(source.view(child, size), filters, { size: chunkBytes, width, skipped, name });
    place(bytes, result, { origin, chunk, shape, width });
  }
  return result;
}

interface Placement {
  readonly origin: readonly number[];
  readonly chunk: readonly number[];
  readonly shape: readonly number[];
  readonly width: number;
}

/** Copies the rows of a chunk that lie inside. */
function place(bytes: Uint8Array, result: Uint8Array, { origin, chunk, shape, width }: Placement): void {
  const last = shape.length - 1;
  const inside = shape.map((size, axis) => Math.min(valueAt(chunk, axis), size - valueAt(origin, axis)));
  const copyAxis = (axis: number, from: number, to: number): void => {
    if (axis >= last) {
      const start = (to + (origin[last] ?? 0)) * width;
      result.set(bytes.subarray(from * width, (from + (inside[last] ?? 1)) * width), start);
      return;
    }
    for (let i = 0; i < (inside[axis] as number); i++) {
      const [chunkRow, row] = [sizeOf(chunk.slice(axis + 1)), sizeOf(shape.slice(axis + 1))];
      copyAxis(axis + 1, from + i * chunkRow, to + ((origin[axis] as number) + i) * row);
    }
  };
  copyAxis(0, 0, 0);
}
