import * as z from 'zod';
import { WeightsError } from '../engine/errors.js';
import { type ByteSource, memorySource } from './bytes/byteSource.js';
import { ELEMENT_TYPES } from './elements.js';
import { type HostTensor, type HostTensors, sizeOf } from './hostTensor.js';
import { type LazyTensor, readAll, type WeightsFile } from './weightsFile.js';

export interface SafetensorsFile {
  readonly tensors: HostTensors;
  /** The `__metadata__` entry: strings only. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Header bytes accepted; the format's own limit is 100 MB, ours is far above any network here. */
const MAX_HEADER_BYTES = 8 * 1024 * 1024;
const MAX_RANK = 8;

const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().min(0)).max(MAX_RANK),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});

/** `readAll` of `openSafetensors`, for a file in memory. */
export function readSafetensors(bytes: Uint8Array): SafetensorsFile {
  const file = openSafetensors(memorySource(bytes));
  return { tensors: readAll(file), metadata: file.metadata };
}

/**
 * Opens a safetensors file; float16 and bfloat16 become float32.
 *
 * @throws WeightsError when the file is damaged: every length, offset and shape is checked before anything is read
 * @source https://huggingface.co/docs/safetensors, format 0.4
 */
export function openSafetensors(source: ByteSource): WeightsFile {
  const { header, start } = readHeader(source);
  const tensors = new Map<string, LazyTensor>();
  let metadata: Record<string, string> = {};
  const ranges: (readonly [number, number])[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      metadata = parse(z.record(z.string(), z.string()), value, name);
      continue;
    }
    const entry = parse(entrySchema, value, name);
    tensors.set(name, lazyTensor(source, start, name, entry));
    ranges.push(entry.data_offsets);
  }
  checkCover(ranges, source.size - start);
  return { format: 'safetensors', tensors, metadata };
}

/**
 * Writes tensors as they are; the same content gives the same bytes (names and metadata sorted, data 8-byte aligned).
 *
 * @returns the whole file
 */
export function writeSafetensors(tensors: HostTensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const header: Record<string, unknown> = Object.create(null); // any name is a plain key
  if (Object.keys(metadata).length > 0)
    header.__metadata__ = Object.fromEntries(sortedByName(Object.entries(metadata)));
  // Widest elements first, so that every tensor is aligned without gaps, which the format forbids.
  const widthOf = (tensor: HostTensor) => tensor.data.BYTES_PER_ELEMENT;
  const entries = sortedByName([...tensors]).sort((a, b) => widthOf(b[1]) - widthOf(a[1]));
  let offset = 0;
  for (const [name, { dtype, shape, data }] of entries) {
    if (data.length !== sizeOf(shape)) throw new Error(`'${name}' has ${data.length} values for shape [${shape}]`);
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + padded + offset).fill(0x20, 8, 8 + padded);
  new DataView(file.buffer).setBigUint64(0, BigInt(padded), true);
  file.set(json, 8);
  let position = 8 + padded;
  for (const [, { data }] of entries) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return file;
}

function readHeader(source: ByteSource): { header: object; start: number } {
  if (source.size < 8) throw new WeightsError(`a safetensors file has at least 8 bytes, this one ${source.size}`);
  const prefix = source.view(0, 8);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(Math.min(MAX_HEADER_BYTES, source.size - 8))) {
    throw new WeightsError(
      `not a safetensors file, or cut off: its header claims ${length} of ${source.size} bytes (at most ${MAX_HEADER_BYTES})`,
    );
  }
  const text = new TextDecoder().decode(source.view(8, Number(length)));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch {
    throw new WeightsError('not a safetensors file: its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new WeightsError('not a safetensors file: its header is not a JSON object');
  }
  return { header, start: 8 + Number(length) };
}

function lazyTensor(
  source: ByteSource,
  bodyStart: number,
  name: string,
  entry: z.infer<typeof entrySchema>,
): LazyTensor {
  const { dtype: stored, shape } = entry;
  const [start, end] = entry.data_offsets;
  const element = ELEMENT_TYPES.get(stored);
  if (!element) {
    throw new WeightsError(
      `'${name}' has element type ${stored}; readable are ${[...ELEMENT_TYPES.keys()].join(', ')}`,
    );
  }
  const count = sizeOf(shape);
  const body = source.size - bodyStart;
  if (start > end || end > body || end - start !== count * element.width) {
    throw new WeightsError(
      `'${name}' [${shape}] ${stored} needs ${count * element.width} bytes, the file gives it ${start} to ${end} of ${body}`,
    );
  }
  const { dtype } = element;
  return {
    dtype,
    shape,
    read: (memory) => ({ dtype, shape, data: element.read(source, bodyStart + start, count, memory) }),
  };
}

/** The format allows neither gaps nor overlaps: a tensor read twice, or bytes hidden between two, are refused. */
function checkCover(ranges: readonly (readonly [number, number])[], length: number): void {
  let position = 0;
  for (const [start, end] of ranges.toSorted((a, b) => a[0] - b[0] || a[1] - b[1])) {
    if (start !== position)
      throw new WeightsError(`the tensors do not fill the file: byte ${position} is followed by ${start}`);
    position = end;
  }
  if (position !== length) throw new WeightsError(`the tensors end at byte ${position}, the file at ${length}`);
}

function parse<T>(schema: z.ZodType<T>, value: unknown, name: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new WeightsError(`safetensors entry '${name}': ${issue?.path.join('.')} ${issue?.message}`);
}

function sortedByName<T>(entries: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  return entries.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
