import { WeightsError } from '../../engine/errors.js';
import { createByteReader } from './byteReader.js';

/** One file of an archive; `stored` bytes may be deflated. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  /** Bytes when unpacked, as the archive claims. */
  readonly size: number;
  /** As they lie in the archive. */
  readonly stored: Uint8Array;
}

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
/** A field with this value has moved to a zip64 record. */
const ZIP64 = 0xffffffff;

export function isZip(bytes: Uint8Array): boolean {
  return bytes.length > 4 && createByteReader(bytes).u32() === LOCAL_HEADER;
}

/**
 * Lists a zip archive from its central directory, without unpacking.
 *
 * @throws WeightsError when it is damaged, encrypted, or larger than zip without its 64-bit extension allows
 * @source PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16
 */
export function readZip(bytes: Uint8Array): readonly ZipEntry[] {
  const end = createByteReader(bytes, findEnd(bytes) + 10);
  const count = end.u16();
  end.u32();
  const offset = end.u32();
  if (offset === ZIP64)
    throw new WeightsError('the archive is zip64, which is larger than any file read here: refused');
  const directory = createByteReader(bytes, offset);
  return Array.from({ length: count }, () => {
    if (directory.u32() !== DIRECTORY_ENTRY)
      throw new WeightsError('the zip archive is damaged: its directory is cut off');
    directory.bytes(4);
    const flags = directory.u16();
    const code = directory.u16();
    directory.bytes(8);
    const [packed, size, nameLength, extra, comment] = [
      ...[directory.u32(), directory.u32()],
      ...[directory.u16(), directory.u16(), directory.u16()],
    ] as [number, number, number, number, number];
    directory.bytes(8);
    const local = directory.u32();
    const name = new TextDecoder().decode(directory.bytes(nameLength));
    directory.bytes(extra + comment);
    if ((flags & 1) !== 0 || (code !== 0 && code !== 8)) {
      throw new WeightsError(
        `'${name}' in the archive is encrypted or packed with method ${code}: stored and deflated can be read`,
      );
    }
    const method = code === 0 ? 'stored' : 'deflated';
    if (method === 'stored' && packed !== size)
      throw new WeightsError(`'${name}' in the archive has two sizes: damaged`);
    return { name, method, size, stored: storedBytes(bytes, name, local, packed) };
  });
}

function findEnd(bytes: Uint8Array): number {
  const last = bytes.length - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
    if (bytes[at] === 0x50 && createByteReader(bytes, at).u32() === END_OF_DIRECTORY) return at;
  }
  throw new WeightsError('not a zip archive, or cut off: it has no directory');
}

function storedBytes(bytes: Uint8Array, name: string, offset: number, size: number): Uint8Array {
  const header = createByteReader(bytes, offset);
  if (header.u32() !== LOCAL_HEADER) throw new WeightsError(`'${name}' is not where the archive says it is: damaged`);
  header.bytes(22);
  const [nameLength, extra] = [header.u16(), header.u16()];
  header.bytes(nameLength + extra);
  return header.bytes(size);
}
