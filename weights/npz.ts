import { WeightsError } from '../engine/errors.js';
import type { ByteSource } from './bytes/byteSource.js';
import { readZip } from './bytes/zip.js';
import { writeZip } from './bytes/zipWriter.js';
import { type HostTensors, sizeOf } from './hostTensor.js';
import { HEAD_BYTES, openPackedNpy, writeNpy } from './npy.js';
import type { LazyTensor, WeightsFile } from './weightsFile.js';

const ENDING = '.npy';
/** Member that carries the metadata: NumPy loads it as one more array, of bytes. */
const METADATA = '__metadata__';

/**
 * Opens an archive of NumPy arrays, packed or not.
 *
 * @throws WeightsError when it is damaged, or a member holds Python objects
 */
export function openNpz(source: ByteSource): WeightsFile {
  const tensors = new Map<string, LazyTensor>();
  let metadata: Readonly<Record<string, string>> = {};
  for (const entry of readZip(source)) {
    if (!entry.name.endsWith(ENDING)) throw new WeightsError(`'${entry.name}' in ${source.name} is not a NumPy array`);
    const name = entry.name.slice(0, -ENDING.length);
    const tensor = openPackedNpy(entry.head(HEAD_BYTES), entry.size, () => entry.open());
    if (name === METADATA) metadata = parseMetadata(tensor);
    else tensors.set(name, tensor);
  }
  return { format: 'npz', tensors, metadata };
}

/** An archive that `numpy.load` reads; members are stored, in the order of the tensors. */
export function writeNpz(tensors: HostTensors, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const files = [...tensors].map(([name, tensor]) => ({ name: name + ENDING, bytes: writeNpy(tensor) }));
  if (Object.keys(metadata).length > 0) {
    const data = new TextEncoder().encode(JSON.stringify(metadata));
    files.push({ name: METADATA + ENDING, bytes: writeNpy({ dtype: 'U8', shape: [data.length], data }) });
  }
  return writeZip(files);
}

const MAX_METADATA_BYTES = 1024 * 1024;

function parseMetadata(tensor: LazyTensor): Record<string, string> {
  if (sizeOf(tensor.shape) > MAX_METADATA_BYTES)
    throw new WeightsError('the metadata of the archive are too long: refused');
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(Uint8Array.from(tensor.read().data as Uint8Array)));
  } catch {
    throw new WeightsError('the metadata of the archive are not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new WeightsError('the metadata of the archive are no object');
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}
