import { WeightsError } from '../../engine/errors.js';

export interface ZipFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const MAX_BYTES = 0xffffffff;
const MAX_FILES = 0xffff;
/** 1 January 1980: the same content gives the same bytes. */
const DATE = 0x21;
const UTF8_NAMES = 0x800;

/**
 * An archive of stored files.
 *
 * @throws WeightsError above 4 GiB or 65,535 files
 * @source PKWARE APPNOTE 6.3.10, sections 4.3.7, 4.3.12, 4.3.16
 */
export function writeZip(files: readonly ZipFile[]): Uint8Array {
  const named = files.map(({ name, bytes }) => ({ name: new TextEncoder().encode(name), bytes, sum: crc32(bytes) }));
  const localBytes = named.reduce((sum, { name, bytes }) => sum + 30 + name.length + bytes.length, 0);
  const total = localBytes + named.reduce((sum, { name }) => sum + 46 + name.length, 22);
  if (total > MAX_BYTES || files.length > MAX_FILES)
    throw new WeightsError(`${files.length} tensors of ${total} bytes are too much for one archive: write safetensors`);
  const archive = new Uint8Array(total);
  const view = new DataView(archive.buffer);
  let local = 0;
  let entry = localBytes;
  for (const { name, bytes, sum } of named) {
    view.setUint32(local, 0x04034b50, true);
    writeHead(view, local + 4, { sum, size: bytes.length, nameBytes: name.length });
    archive.set(name, local + 30);
    archive.set(bytes, local + 30 + name.length);
    view.setUint32(entry, 0x02014b50, true);
    view.setUint16(entry + 4, 20, true);
    writeHead(view, entry + 6, { sum, size: bytes.length, nameBytes: name.length });
    view.setUint32(entry + 42, local, true);
    archive.set(name, entry + 46);
    entry += 46 + name.length;
    local += 30 + name.length + bytes.length;
  }
  view.setUint32(entry, 0x06054b50, true);
  view.setUint16(entry + 8, files.length, true);
  view.setUint16(entry + 10, files.length, true);
  view.setUint32(entry + 12, entry - localBytes, true);
  view.setUint32(entry + 16, localBytes, true);
  return archive;
}

interface Head {
  readonly sum: number;
  readonly size: number;
  readonly nameBytes: number;
}

/** The fields that both records of a file share. */
function writeHead(view: DataView, at: number, { sum, size, nameBytes }: Head): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, UTF8_NAMES, true);
  view.setUint16(at + 8, DATE, true);
  view.setUint32(at + 10, sum, true);
  view.setUint32(at + 14, size, true);
  view.setUint32(at + 18, size, true);
  view.setUint16(at + 22, nameBytes, true);
}

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let sum = -1;
  for (const byte of bytes) sum = (TABLE[(sum ^ byte) & 255] as number) ^ (sum >>> 8);
  return (sum ^ -1) >>> 0;
}
