import { WeightsError } from '../../engine/errors.js';
import { createByteReader } from '../bytes/byteReader.js';
import type { ByteSource } from '../bytes/byteSource.js';
import { type Budget, MESSAGE, type Message, readAddress, spend } from './header.js';

const TREE = 0x45455254;
const SYMBOLS = 0x444f4e53; // SNOD
const HEAP = 0x50414548;
const SYMBOL_BYTES = 40;
const MAX_DEPTH = 32;

/** Name -> address of the header, of the members of a group; links to other files are left out. */
export function readMembers(
  source: ByteSource,
  messages: readonly Message[],
  budget: Budget,
): ReadonlyMap<string, number> {
  const members = new Map<string, number>();
  for (const { type, body } of messages) {
    const reader = createByteReader(body);
    if (type === MESSAGE.symbolTable) {
      const place = { tree: reader.size64(), heap: reader.size64() };
      readSymbols(source, place, members, budget);
    }
    if (type === MESSAGE.link) readLink(body, members);
    if (type === MESSAGE.linkInfo) checkCompact(body);
  }
  return members;
}

/** @source section IV.A.2.g */
function readLink(body: Uint8Array, members: Map<string, number>): void {
  const reader = createByteReader(body, 1);
  const flags = reader.u8();
  const type = flags & 8 ? reader.u8() : 0;
  reader.skip((flags & 4 ? 8 : 0) + (flags & 16 ? 1 : 0));
  const length = [() => reader.u8(), () => reader.u16(), () => reader.u32(), () => reader.size64()][flags & 3]?.() ?? 0;
  const name = reader.text(length);
  if (type === 0) members.set(name, reader.size64());
}

/** @source section IV.A.2.c */
function checkCompact(body: Uint8Array): void {
  const reader = createByteReader(body, 1);
  const flags = reader.u8();
  reader.skip(flags & 1 ? 8 : 0);
  if (readAddress(reader) !== null)
    throw new WeightsError("the HDF5 file keeps its names in the newest way: save it again without libver='latest'");
}

/** Groups of the older format: a B-tree of symbol nodes, names in a local heap. @source sections III.A.1, III.B, III.D */
function readSymbols(
  source: ByteSource,
  { tree, heap }: { readonly tree: number; readonly heap: number },
  members: Map<string, number>,
  budget: Budget,
): void {
  const names = localHeap(source, heap);
  for (const address of treeLeaves(source, tree, { nodeType: 0, keyBytes: 8, budget })) {
    const reader = createByteReader(source, address.child);
    if (reader.u32() !== SYMBOLS) throw new WeightsError('the HDF5 file is damaged: a group has no symbols');
    reader.skip(2);
    const count = reader.u16();
    spend(budget, 8 + count * SYMBOL_BYTES);
    for (let i = 0; i < count; i++) {
      const start = reader.position;
      const nameAt = reader.size64();
      const header = readAddress(reader);
      if (header !== null) members.set(nullTerminated(names, nameAt), header);
      reader.position = start + SYMBOL_BYTES;
    }
  }
}

function localHeap(source: ByteSource, address: number): Uint8Array {
  const reader = createByteReader(source, address);
  if (reader.u32() !== HEAP) throw new WeightsError('the HDF5 file is damaged: a group has no names');
  reader.skip(4);
  const size = reader.size64();
  reader.skip(8);
  return source.view(reader.size64(), size);
}

const UTF8 = new TextDecoder();

function nullTerminated(bytes: Uint8Array, start: number): string {
  const end = bytes.indexOf(0, start);
  if (start >= bytes.length || end < 0) throw new WeightsError('the HDF5 file is damaged: a name has no end');
  return UTF8.decode(bytes.subarray(start, end));
}

export interface TreeEntry {
  readonly key: Uint8Array;
  readonly child: number;
}

/**
 * What the leaves of a version 1 B-tree point to, in order.
 *
 * @throws WeightsError when a node is met twice or the tree is deeper than any file needs
 */
export function* treeLeaves(
  source: ByteSource,
  root: number,
  { nodeType, keyBytes, budget }: { readonly nodeType: 0 | 1; readonly keyBytes: number; readonly budget: Budget },
): Generator<TreeEntry> {
  const met = new Set<number>();
  const waiting = [{ address: root, depth: 0 }];
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    const { address, depth } = node;
    if (met.has(address) || depth > MAX_DEPTH) throw new WeightsError('the HDF5 file is damaged: a tree without end');
    met.add(address);
    const reader = createByteReader(source, address);
    if (reader.u32() !== TREE || reader.u8() !== nodeType)
      throw new WeightsError('the HDF5 file is damaged: a tree is not where it should be');
    const level = reader.u8();
    const count = reader.u16();
    reader.skip(16);
    spend(budget, 24 + count * (keyBytes + 8));
    const entries: TreeEntry[] = [];
    for (let i = 0; i < count; i++) entries.push({ key: reader.bytes(keyBytes), child: reader.size64() });
    if (level === 0) yield* entries;
    else waiting.push(...entries.reverse().map(({ child }) => ({ address: child, depth: depth + 1 })));
  }
}
