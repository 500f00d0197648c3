import { zipSync } from 'fflate';
import { WeightsError } from '../../engine/errors.js';

export interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What a zip archive can say without its 64-bit extension, which fflate does not write. */
const MAX_BYTES = 0xffffffff;
const MAX_FILES = 0xffff;
/** Bytes of both of a file's records beside its name and its contents. */
const RECORD_BYTES = 76;
/** The format's first day, in whatever zone: the same content gives the same bytes. */
const DATE = new Date(1980, 0, 1);

/**
 * An archive of stored files, in their order.
 *
 * @throws WeightsError above 4 GiB or 65,535 files
 */
export function writeZip(files: readonly ZipFile[]): Uint8Array {
  const total = files.reduce((sum, { name, bytes }) => sum + bytes.length + 2 * 3 * name.length + RECORD_BYTES, 22);
  if (total > MAX_BYTES || files.length > MAX_FILES)
    throw new WeightsError(`${files.length} tensors of ${total} bytes are too much for one archive: write safetensors`);
  return zipSync(Object.fromEntries(files.map(({ name, bytes }) => [name, bytes])), { level: 0, mtime: DATE });
}
