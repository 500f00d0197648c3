import { mapTuple } from '../../engine/checked.js';
import { WeightsError } from '../../engine/errors.js';
import { type ByteReader, createByteReader } from './byteReader.js';
import { type ByteSource, memorySource, windowSource } from './byteSource.js';
import { crcOf } from './crc32.js';
import { checkClaim, inflate, inflateStart } from './inflate.js';

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  /** Bytes when unpacked, as the archive claims; never more than deflate could make of what is stored. */
  readonly size: number;
  /** CRC-32 of the unpacked bytes. */
  readonly crc: number;
  /** The file's bytes as they are stored. */
  packed(): ByteSource;
  /**
   * The file's bytes: a window of the archive when stored, unpacked into memory when deflated. Whoever reads of them gets a WeightsError
   * when they have another checksum than the archive says.
   */
  open(): ByteSource;
  /** The first `count` bytes or fewer, whose checksum nobody knows. */
  head(count: number): ByteSource;
}

const END_OF_DIRECTORY = 0x06054b50;
const END_OF_DIRECTORY_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_BYTES = 22;
const LOCATOR_BYTES = 20;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const MAX_COMMENT = 0xffff;
const MAX_ENTRIES = 200_000;
/** A field with one of these values has moved to a 64-bit record. */
const [MOVED_16, MOVED_32] = [0xffff, 0xffffffff];
const EXTRA_64 = 1;

export function isZip(source: ByteSource): boolean {
  return source.size > END_BYTES && createByteReader(source).u32() === LOCAL_HEADER;
}

/**
 * Lists a zip archive (and its 64-bit extension) from its central directory, without unpacking. Hand-written, as libraries
 * either hold the whole archive in memory, read no 64-bit one, or believe what it claims.
 *
 * @throws WeightsError when it is damaged, encrypted, packed in another way than deflate, or a zip bomb
 * @source PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16, 4.5.3
 */
export function readZip(source: ByteSource): readonly ZipEntry[] {
  const { count, offset } = findDirectory(source);
  if (count > MAX_ENTRIES || count * ENTRY_BYTES > source.size) {
    throw new WeightsError(`the zip archive claims ${count} files in ${source.size} bytes: refused`);
  }
  const directory = createByteReader(source, offset);
  let unpacked = 0;
  const entries = Array.from({ length: count }, () => {
    const entry = directoryEntry(directory);
    if (entry.method === 'deflated') unpacked += checkClaim(entry.size, entry.packed, entry.name);
    checkClaim(unpacked, source.size, source.name);
    return entry;
  });
  checkApart(entries, offset);
  return entries.map((entry) => openable(source, entry));
}

/** Files that share bytes make an archive look larger than it is. */
function checkApart(entries: readonly DirectoryEntry[], directory: number): void {
  const names = new Set(entries.map(({ name }) => name));
  if (names.size < entries.length) throw new WeightsError('two files of the archive have one name: refused');
  const inOrder = [...entries].sort((a, b) => a.local - b.local);
  for (const [i, { name, local, packed }] of inOrder.entries()) {
    if (local + LOCAL_BYTES + packed > (inOrder[i + 1]?.local ?? directory))
      throw new WeightsError(`'${name}' lies where another file does: refused`);
  }
}

interface DirectoryEntry {
  readonly name: string;
  readonly method: ZipEntry['method'];
  readonly packed: number;
  readonly size: number;
  readonly crc: number;
  /** Position of the header before the data. */
  readonly local: number;
}

function directoryEntry(reader: ByteReader): DirectoryEntry {
  if (reader.u32() !== DIRECTORY_ENTRY) throw new WeightsError('the zip archive is damaged: its directory is cut off');
  reader.skip(4);
  const flags = reader.u16();
  const code = reader.u16();
  reader.skip(4);
  const crc = reader.u32();
  const [packed, size] = [reader.u32(), reader.u32()];
  const [nameBytes, extraBytes, commentBytes] = [reader.u16(), reader.u16(), reader.u16()];
  reader.skip(8);
  const local = reader.u32();
  const name = reader.text(nameBytes);
  const [realSize, realPacked, realLocal] = moved(reader.bytes(extraBytes), [size, packed, local]);
  reader.skip(commentBytes);
  if ((flags & 1) !== 0 || (code !== 0 && code !== 8)) {
    throw new WeightsError(
      `'${name}' in the archive is encrypted or packed with method ${code}: stored and deflated can be read`,
    );
  }
  const method = code === 0 ? 'stored' : 'deflated';
  if (method === 'stored' && realPacked !== realSize)
    throw new WeightsError(`'${name}' in the archive has two sizes: damaged`);
  return { name, method, packed: realPacked, size: realSize, crc, local: realLocal };
}

/** Sizes and offset, from the 64-bit extra field where they are there. */
function moved(extra: Uint8Array, fields: readonly [number, number, number]): [number, number, number] {
  const reader = createByteReader(extra);
  while (reader.position + 4 <= extra.length && fields.includes(MOVED_32)) {
    const [id, length] = [reader.u16(), reader.u16()];
    if (id === EXTRA_64) return mapTuple(fields, (field) => (field === MOVED_32 ? reader.size64() : field));
    reader.skip(length);
  }
  return [...fields];
}

function openable(source: ByteSource, { name, method, packed, size, crc, local }: DirectoryEntry): ZipEntry {
  const packedBytes = (): ByteSource => {
    const header = createByteReader(source, local);
    if (header.u32() !== LOCAL_HEADER) throw new WeightsError(`'${name}' is not where the archive says it is: damaged`);
    header.skip(22);
    const [nameBytes, extraBytes] = [header.u16(), header.u16()];
    return windowSource(source, header.position + nameBytes + extraBytes, packed, name);
  };
  const isStored = method === 'stored';
  const open = (): ByteSource => {
    const stored = packedBytes();
    return checkedSource(isStored ? stored : memorySource(inflate(stored.view(0, packed), size, name), name), crc);
  };
  const head = (count: number): ByteSource => {
    const stored = packedBytes();
    if (isStored) return windowSource(stored, 0, Math.min(count, size));
    return memorySource(inflateStart(stored.view(0, packed), Math.min(count, size), name), name);
  };
  return { name, method, size, crc, packed: packedBytes, open, head };
}

/** A source whose checksum is taken before anything of it is read. @throws WeightsError, then, when it is another */
function checkedSource(source: ByteSource, crc: number): ByteSource {
  let isChecked = false;
  const check = (): ByteSource => {
    if (!isChecked && crcOf(source) !== crc) {
      throw new WeightsError(
        `'${source.name}' in the archive is damaged: its checksum is another. Fetch or write it again`,
      );
    }
    isChecked = true;
    return source;
  };
  return {
    ...source,
    view: (offset, count) => check().view(offset, count),
    fill: (offset, target) => check().fill(offset, target),
  };
}

function findDirectory(source: ByteSource): { readonly count: number; readonly offset: number } {
  const tailBytes = Math.min(source.size, END_BYTES + MAX_COMMENT);
  const tailStart = source.size - tailBytes;
  const tail = source.view(tailStart, tailBytes);
  for (let at = tailBytes - END_BYTES; at >= 0; at--) {
    if (tail[at] !== 0x50 || createByteReader(tail, at).u32() !== END_OF_DIRECTORY) continue;
    const end = createByteReader(tail, at + 10);
    const count = end.u16();
    end.skip(4);
    const offset = end.u32();
    return count === MOVED_16 || offset === MOVED_32 ? directory64(source, tailStart + at) : { count, offset };
  }
  throw new WeightsError(`${source.name} is not a zip archive, or cut off: it has no directory`);
}

function directory64(source: ByteSource, end: number): { readonly count: number; readonly offset: number } {
  const locator = createByteReader(source, Math.max(0, end - LOCATOR_BYTES));
  const isLocator = locator.u32() === LOCATOR_64;
  locator.skip(4);
  const record = createByteReader(source, isLocator ? locator.size64() : 0);
  if (!isLocator || record.u32() !== END_OF_DIRECTORY_64)
    throw new WeightsError('the zip archive is damaged: its 64-bit directory is missing');
  record.skip(28);
  const count = record.size64();
  record.skip(8);
  return { count, offset: record.size64() };
}
