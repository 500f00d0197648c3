import { WeightsError } from '../../engine/errors.js';
import { createByteReader } from '../bytes/byteReader.js';
import { type ByteSource, memorySource } from '../bytes/byteSource.js';
import { swapBytes } from '../elements.js';
import type { HostMemory } from '../hostMemory.js';
import { type HostArray, sizeOf } from '../hostTensor.js';
import type { Datatype } from './datatype.js';
import { type Budget, spend } from './header.js';

const UTF8 = new TextDecoder();
const GLOBAL_HEAP = 0x4c4f4347; // GCOL
const MAX_TEXT_BYTES = 32 * 1024 * 1024;
const MAX_STRINGS = 100_000;

/** Numbers that lie in `source` from its start. */
export function readNumbers(
  source: ByteSource,
  type: Datatype & { kind: 'number' },
  count: number,
  memory?: HostMemory,
): HostArray {
  if (!type.bigEndian || type.size === 1) return type.element.read(source, 0, count, memory);
  const swapped = memorySource(swapBytes(source.view(0, count * type.size), type.size));
  return type.element.read(swapped, 0, count, memory);
}

interface Place {
  readonly file: ByteSource;
  readonly budget: Budget;
}

/** Values of an attribute: texts, or numbers as texts. @returns null for types that say nothing here */
export function readTexts(
  place: Place,
  body: Uint8Array,
  type: Datatype,
  shape: readonly number[],
): readonly string[] | null {
  const count = sizeOf(shape);
  if (type.kind === 'other') return null;
  if (count > MAX_STRINGS || count * type.size > body.length)
    throw new WeightsError(`the HDF5 file is damaged: an attribute of ${count} values in ${body.length} bytes`);
  if (type.kind === 'number') return Array.from(readNumbers(memorySource(body), type, count), String);
  let left = MAX_TEXT_BYTES;
  return Array.from({ length: count }, (_, i) => {
    const bytes = body.subarray(i * type.size, (i + 1) * type.size);
    const text = type.kind === 'string' ? withoutPadding(bytes) : heapText(place, bytes);
    left -= text.length;
    if (left < 0) throw new WeightsError(`an HDF5 attribute has more than ${MAX_TEXT_BYTES} bytes of text: refused`);
    return text;
  });
}

function withoutPadding(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return UTF8.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** An object of the global heap: [length, address of the collection, index]. @source section III.E */
function heapText({ file, budget }: Place, reference: Uint8Array): string {
  const reader = createByteReader(reference);
  const length = reader.u32();
  const [address, index] = [reader.size64(), reader.u32()];
  if (length === 0) return '';
  const heap = createByteReader(file, address);
  if (heap.u32() !== GLOBAL_HEAP) throw new WeightsError('the HDF5 file is damaged: a text is not where it should be');
  heap.skip(4);
  const end = address + heap.size64();
  while (heap.position + 16 <= end) {
    spend(budget, 16);
    const found = heap.u16();
    heap.skip(6);
    const size = heap.size64();
    if (found === index) return withoutPadding(heap.bytes(Math.min(size, length)));
    if (found === 0) break;
    heap.skip(Math.ceil(size / 8) * 8);
  }
  throw new WeightsError(`the HDF5 file is damaged: text ${index} is missing`);
}
