import { WeightsError } from '../../engine/errors.js';
import { createByteReader } from '../bytes/byteReader.js';
import { inflate } from '../bytes/inflate.js';

/** A step between a chunk's values and its bytes in the file. */
export interface Filter {
  readonly kind: 'deflate' | 'shuffle' | 'checksum';
}

const KINDS: ReadonlyMap<number, Filter['kind']> = new Map([
  [1, 'deflate'],
  [2, 'shuffle'],
  [3, 'checksum'],
]);
const MAX_FILTERS = 8;

/** In the order of writing. @source HDF5 File Format Specification 3.0, section IV.A.2.l */
export function readFilters(body: Uint8Array | undefined, name: string): readonly Filter[] {
  if (!body) return [];
  const reader = createByteReader(body);
  const version = reader.u8();
  const count = reader.u8();
  if (version < 1 || version > 2 || count > MAX_FILTERS)
    throw new WeightsError(`'${name}' has ${count} filters of version ${version}: the HDF5 file is damaged`);
  if (version === 1) reader.skip(6);
  return Array.from({ length: count }, () => {
    const id = reader.u16();
    const nameBytes = version === 1 || id >= 256 ? reader.u16() : 0;
    reader.skip(2);
    const values = reader.u16();
    const padded = version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes;
    reader.skip(padded + 4 * (values + (version === 1 ? values % 2 : 0)));
    const kind = KINDS.get(id);
    if (!kind)
      throw new WeightsError(`'${name}' is packed with HDF5 filter ${id}: gzip, shuffle and fletcher32 can be read`);
    return { kind };
  });
}

/** Undoes the filters of one chunk; `skipped` has a bit for each that was left out. */
export function unfilter(
  packed: Uint8Array,
  filters: readonly Filter[],
  {
    size,
    width,
    skipped,
    name,
  }: { readonly size: number; readonly width: number; readonly skipped: number; readonly name: string },
): Uint8Array {
  let bytes = packed;
  for (let i = filters.length - 1; i >= 0; i--) {
    if ((skipped >> i) & 1) continue;
    const kind = filters[i]?.kind;
    if (kind === 'checksum') bytes = bytes.subarray(0, Math.max(0, bytes.length - 4));
    else if (kind === 'shuffle') bytes = unshuffle(bytes, width);
    else bytes = inflate(bytes, size, name, 'zlib');
  }
  if (bytes.length !== size) throw new WeightsError(`'${name}': a chunk has ${bytes.length} bytes, not ${size}`);
  return bytes;
}

/** All first bytes, all second bytes, ... -> values. */
function unshuffle(bytes: Uint8Array, width: number): Uint8Array {
  const count = Math.floor(bytes.length / width);
  const result = new Uint8Array(bytes.length);
  for (let byte = 0; byte < width; byte++) {
    for (let i = 0; i < count; i++) result[i * width + byte] = bytes[byte * count + i] as number;
  }
  return result;
}
