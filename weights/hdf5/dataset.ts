import { WeightsError } from '../../engine/errors.js';
import { createByteReader } from '../bytes/byteReader.js';
import { type ByteSource, memorySource, windowSource } from '../bytes/byteSource.js';
import type { HostMemory } from '../hostMemory.js';
import { sizeOf } from '../hostTensor.js';
import { heldTensor, type LazyTensor } from '../weightsFile.js';
import { checkChunks, readChunks } from './chunks.js';
import { type Datatype, readDataspace, readDatatype } from './datatype.js';
import { readFilters } from './filters.js';
import { type Budget, MESSAGE, type Message, readAddress } from './header.js';
import { readNumbers } from './values.js';

/** Where the values of a dataset lie. */
export type Layout =
  | { readonly kind: 'compact'; readonly body: Uint8Array }
  | { readonly kind: 'contiguous'; readonly address: number | null; readonly size: number }
  | { readonly kind: 'chunked'; readonly tree: number | null; readonly chunk: readonly number[] };

/** A dataset of numbers; null for what holds none. */
export function lazyDataset(
  source: ByteSource,
  messages: readonly Message[],
  name: string,
  budget: Budget,
): LazyTensor | null {
  const body = (type: number): Uint8Array | undefined => messages.find((message) => message.type === type)?.body;
  const [space, type, place] = [body(MESSAGE.dataspace), body(MESSAGE.datatype), body(MESSAGE.layout)];
  if (!space || !type || !place) return null;
  const datatype = readDatatype(type);
  const shape = readDataspace(space);
  if (datatype.kind !== 'number' || shape === null) return null;
  const count = sizeOf(shape);
  budget.values -= count * datatype.size;
  if (budget.values < 0)
    throw new WeightsError(`${source.name} claims more values than a file of ${source.size} bytes: refused`);
  const layout = readLayout(place, name);
  const filters = readFilters(body(MESSAGE.filters), name);
  checkSize(source, layout, { name, shape, bytes: count * datatype.size, packed: filters.length > 0 });
  const { dtype } = datatype.element;
  if (count === 0) return heldTensor({ dtype, shape, data: datatype.element.read(source, 0, 0) });
  const read = (memory?: HostMemory) => {
    const values = valuesOf(source, layout, { name, shape, filters, datatype });
    return { dtype, shape, data: readNumbers(values, datatype, count, memory) };
  };
  return { dtype, shape, read };
}

export interface DatasetSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly filters: ReturnType<typeof readFilters>;
  readonly datatype: Datatype;
}

function valuesOf(source: ByteSource, layout: Layout, spec: DatasetSpec): ByteSource {
  if (layout.kind === 'compact') return memorySource(layout.body, spec.name);
  if (layout.kind === 'chunked') return memorySource(readChunks(source, layout, spec), spec.name);
  return windowSource(source, layout.address as number, layout.size, spec.name);
}

/** @source HDF5 File Format Specification 3.0, section IV.A.2.i, version 3 */
function readLayout(body: Uint8Array, name: string): Layout {
  const reader = createByteReader(body);
  const version = reader.u8();
  const kind = reader.u8();
  if (version !== 3 && !(version === 4 && kind < 2))
    throw new WeightsError(
      `'${name}' is laid out in version ${version} of HDF5's ways: save it again without libver='latest'`,
    );
  if (kind === 0) return { kind: 'compact', body: reader.bytes(reader.u16()) };
  if (kind === 1) return { kind: 'contiguous', address: readAddress(reader), size: reader.size64() };
  if (kind !== 2) throw new WeightsError(`'${name}' has layout ${kind}, which is unknown: the HDF5 file is damaged`);
  const rank = reader.u8() - 1;
  const tree = readAddress(reader);
  return { kind: 'chunked', tree, chunk: Array.from({ length: Math.max(0, rank) }, () => reader.u32()) };
}

interface SizeClaim {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly packed: boolean;
}

/** Nothing may claim more values than its part of the file can hold. */
function checkSize(source: ByteSource, layout: Layout, { name, shape, bytes, packed }: SizeClaim): void {
  if (bytes === 0) return;
  if (layout.kind === 'chunked') {
    checkChunks(source, layout, { name, shape, bytes, packed });
    return;
  }
  const held = layout.kind === 'compact' ? layout.body.length : layout.size;
  const isThere = layout.kind === 'compact' || layout.address !== null;
  if (!isThere || held < bytes || packed)
    throw new WeightsError(
      `'${name}' [${shape}] needs ${bytes} bytes, the HDF5 file gives it ${isThere ? held : 'none'}`,
    );
  if (layout.kind === 'contiguous') source.view((layout.address as number) + held, 0);
}
