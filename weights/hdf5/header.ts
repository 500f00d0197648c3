import { WeightsError } from '../../engine/errors.js';
import { type ByteReader, createByteReader } from '../bytes/byteReader.js';
import { type ByteSource, windowSource } from '../bytes/byteSource.js';

/** One message of an object header. */
export interface Message {
  readonly type: number;
  readonly body: Uint8Array;
}

/** Message types, section IV.A.2 of the format. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  link: 0x06,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  continuation: 0x10,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

const SIGNATURE = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);
const SHARED = 2;
/** About what a block costs beside its messages. */
const BLOCK_BYTES = 16;

/** Bytes of headers, trees and symbols that may still be read: links that make a file look larger than it is end here. */
export interface Budget {
  bytes: number;
  /** Bytes of values that datasets may claim. */
  values: number;
}

const BUDGET_FACTOR = 2;
const SMALL_BYTES = 1024 * 1024;
const MAX_VALUES_FACTOR = 30;
const SMALL_VALUES = 64 * 1024 * 1024;

/** Headers and trees may be read twice over: nearly all are read once. Values may be packed. */
export function createBudget({ size }: ByteSource): Budget {
  return { bytes: SMALL_BYTES + BUDGET_FACTOR * size, values: Math.max(SMALL_VALUES, MAX_VALUES_FACTOR * size) };
}

/** @throws WeightsError when nothing is left */
export function spend(budget: Budget, bytes: number): void {
  budget.bytes -= bytes;
  if (budget.bytes < 0) throw new WeightsError('the HDF5 file refers to more headers than it holds: refused');
}

export function isHdf5(source: ByteSource): boolean {
  const start = source.view(0, Math.min(source.size, SIGNATURE.length));
  return SIGNATURE.every((byte, i) => start[i] === byte);
}

/** A 64-bit address, or null where the format says that there is none. */
export function readAddress(reader: ByteReader): number | null {
  const start = reader.position;
  if (reader.u32() === 0xffffffff && reader.u32() === 0xffffffff) return null;
  reader.position = start;
  return reader.size64();
}

/**
 * Address of the root group's header.
 *
 * @throws WeightsError when this is no HDF5 file with 64-bit addresses
 * @source HDF5 File Format Specification 3.0, section II.A
 */
export function rootAddress(source: ByteSource): number {
  if (!isHdf5(source)) throw new WeightsError(`${source.name} is not an HDF5 file`);
  const reader = createByteReader(source, SIGNATURE.length);
  const version = reader.u8();
  if (version > 3) throw new WeightsError(`HDF5 superblock version ${version}: 0 to 3 can be read`);
  if (version < 2) reader.skip(4);
  const [offsetBytes, lengthBytes] = [reader.u8(), reader.u8()];
  if (offsetBytes !== 8 || lengthBytes !== 8)
    throw new WeightsError(
      `HDF5 with addresses of ${offsetBytes} and lengths of ${lengthBytes} bytes: only 8 can be read`,
    );
  reader.skip(version < 2 ? 9 + (version === 1 ? 4 : 0) : 1);
  const base = reader.size64();
  if (base !== 0) throw new WeightsError('HDF5 with a user block: save the file again without it');
  reader.skip(version < 2 ? 32 : 16);
  return reader.size64();
}

/** The messages of an object header, continuation blocks included. @source section IV.A.1 */
export function readMessages(source: ByteSource, address: number, budget: Budget): readonly Message[] {
  const start = createByteReader(source, address);
  const isNew = start.u32() === 0x5244484f; // OHDR
  start.position = address;
  const messages: Message[] = [];
  const blocks = [isNew ? firstBlock(start) : firstOldBlock(start)];
  for (let i = 0; i < blocks.length; i++) {
    const { offset, length, order } = blocks[i] as Block;
    spend(budget, length + BLOCK_BYTES);
    const reader = createByteReader(windowSource(source, offset, length));
    const head = isNew ? 4 + order : 8;
    while (reader.position + head <= length) {
      const type = isNew ? reader.u8() : reader.u16();
      const size = reader.u16();
      const flags = reader.u8();
      reader.skip(isNew ? order : 3);
      if (isNew && type === 0 && reader.position + size > length) break; // gap
      const body = reader.bytes(size);
      if (type === MESSAGE.continuation) blocks.push(nextBlock(body, isNew, order));
      else if (type !== 0) messages.push({ type, body: checkOwn(type, flags, body) });
    }
  }
  return messages;
}

interface Block {
  readonly offset: number;
  readonly length: number;
  /** Bytes of the creation order in each message. */
  readonly order: number;
}

function firstOldBlock(reader: ByteReader): Block {
  const version = reader.u8();
  if (version !== 1) throw new WeightsError(`the HDF5 file is damaged: object header version ${version}`);
  reader.skip(7);
  const length = reader.u32();
  return { offset: reader.position + 4, length, order: 0 };
}

function firstBlock(reader: ByteReader): Block {
  reader.skip(4);
  const version = reader.u8();
  if (version !== 2) throw new WeightsError(`the HDF5 file is damaged: object header version ${version}`);
  const flags = reader.u8();
  reader.skip((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
  const length = [() => reader.u8(), () => reader.u16(), () => reader.u32(), () => reader.size64()][flags & 3]?.() ?? 0;
  return { offset: reader.position, length, order: flags & 4 ? 2 : 0 };
}

function nextBlock(body: Uint8Array, isNew: boolean, order: number): Block {
  const reader = createByteReader(body);
  const [offset, length] = [reader.size64(), reader.size64()];
  return isNew ? { offset: offset + 4, length: Math.max(0, length - 8), order } : { offset, length, order };
}

/** Shared datatypes are kept elsewhere, which no writer of weights does. */
function checkOwn(type: number, flags: number, body: Uint8Array): Uint8Array {
  const matters = type === MESSAGE.dataspace || type === MESSAGE.datatype || type === MESSAGE.filters;
  if (matters && (flags & SHARED) !== 0)
    throw new WeightsError('the HDF5 file shares a datatype between objects: refused');
  return body;
}
