import { WeightsError } from '../../engine/errors.js';
import type { ByteReader } from '../bytes/byteReader.js';

/** Globals with a meaning here, by `module name`; an object of any other class is a `Foreign`. */
type PickleGlobals = ReadonlyMap<string, PickleGlobal>;

/** A class or function that a pickle names; without `construct` it can be named but not called. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
  readonly construct?: (args: readonly unknown[]) => unknown;
}

/** An object of a class that is not known here: never made, only its place is kept, and what the file sets on it. */
export interface Foreign {
  readonly kind: 'foreign';
  /** `module name` of the class. */
  readonly name: string;
  /** What `__setstate__` or `__dict__` would get; undefined: nothing. */
  state: unknown;
  /** Entries of a class that extends a dictionary. */
  readonly entries: Map<unknown, unknown>;
}

export function foreign(name: string): Foreign {
  return { kind: 'foreign', name, state: undefined, entries: new Map() };
}

export function isForeign(value: unknown): value is Foreign {
  return isKind(value, 'foreign');
}

/** Values of a pickle are Maps, arrays and scalars: no file can forge an object with a `kind`. */
function isKind(value: unknown, kind: string): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

export interface PickleHost {
  readonly globals: PickleGlobals;
  /** Resolves a persistent id. */
  persistent(id: unknown): unknown;
}

/** Far above any network's state dict, far below what a machine cannot hold. */
const MAX_OPERATIONS = 4_000_000;
const MAX_CONTAINERS = 500_000;
const MAX_MARKS = 1000;

interface Machine {
  readonly reader: ByteReader;
  readonly host: PickleHost;
  readonly memo: Map<number, unknown>;
  stack: unknown[];
  readonly marks: unknown[][];
  /** Lists, tuples, dictionaries and foreign objects made so far. */
  containers: number;
}

/**
 * Reads one pickle (protocol 2 to 5) as plain values: null, boolean, number, bigint, string, bytes, arrays (lists, tuples
 * and sets), Maps (dictionaries), what `host` makes, and a `Foreign` in place of every other object. Nothing of the file is
 * imported or called. Hand-written, as libraries that read pickles make Python's objects or know no persistent ids.
 *
 * @throws WeightsError for an opcode that is not known, and for a damaged file
 * @source CPython, Lib/pickletools.py
 */
export function readPickle(reader: ByteReader, host: PickleHost): unknown {
  const machine: Machine = { reader, host, memo: new Map(), stack: [], marks: [], containers: 0 };
  for (let count = 0; count < MAX_OPERATIONS; count++) {
    const code = reader.u8();
    if (code === STOP) return pop(machine);
    const operation = OPERATIONS.get(code);
    if (!operation)
      throw new WeightsError(`pickle opcode 0x${code.toString(16)} is not one a state dict needs: refused`);
    operation(machine);
  }
  throw new WeightsError(`the pickle has more than ${MAX_OPERATIONS} operations: refused`);
}

const STOP = 0x2e;

type Operation = (machine: Machine) => void;

const push =
  (read: (machine: Machine) => unknown): Operation =>
  (machine) => {
    const value = read(machine); // may put another stack in place
    machine.stack.push(value);
  };

/** Like `push`, for what takes memory beyond the bytes of the file. */
const pushContainer =
  (make: (machine: Machine) => unknown): Operation =>
  (machine) => {
    if (++machine.containers > MAX_CONTAINERS)
      throw new WeightsError(`the pickle has more than ${MAX_CONTAINERS} lists and dictionaries: refused`);
    const value = make(machine);
    machine.stack.push(value);
  };

// biome-ignore format: one opcode a line, named as in pickletools
const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0x80 /* PROTO */, ({ reader }) => checkProtocol(reader.u8())],
  [0x95 /* FRAME */, ({ reader }) => void reader.size64()],
  [0x28 /* MARK */, mark],
  [0x30 /* POP */, (machine) => void pop(machine)],
  [0x31 /* POP_MARK */, (machine) => void popMarked(machine)],
  [0x32 /* DUP */, push(top)],
  [0x4e /* NONE */, push(() => null)],
  [0x88 /* NEWTRUE */, push(() => true)],
  [0x89 /* NEWFALSE */, push(() => false)],
  [0x4b /* BININT1 */, push(({ reader }) => reader.u8())],
  [0x4d /* BININT2 */, push(({ reader }) => reader.u16())],
  [0x4a /* BININT */, push(({ reader }) => reader.i32())],
  [0x8a /* LONG1 */, push(({ reader }) => longInteger(reader.bytes(reader.u8())))],
  [0x8b /* LONG4 */, push(({ reader }) => longInteger(reader.bytes(longLength(reader.i32()))))],
  [0x47 /* BINFLOAT */, push(({ reader }) => reader.f64be())],
  [0x58 /* BINUNICODE */, push(({ reader }) => reader.text(reader.u32()))],
  [0x8c /* SHORT_BINUNICODE */, push(({ reader }) => reader.text(reader.u8()))],
  [0x8d /* BINUNICODE8 */, push(({ reader }) => reader.text(reader.size64()))],
  [0x55 /* SHORT_BINSTRING */, push(({ reader }) => reader.text(reader.u8()))],
  [0x54 /* BINSTRING */, push(({ reader }) => reader.text(reader.u32()))],
  [0x43 /* SHORT_BINBYTES */, push(({ reader }) => reader.bytes(reader.u8()))],
  [0x42 /* BINBYTES */, push(({ reader }) => reader.bytes(reader.u32()))],
  [0x8e /* BINBYTES8 */, push(({ reader }) => reader.bytes(reader.size64()))],
  [0x96 /* BYTEARRAY8 */, push(({ reader }) => reader.bytes(reader.size64()))],
  [0x7d /* EMPTY_DICT */, pushContainer(() => new Map())],
  [0x5d /* EMPTY_LIST */, pushContainer(() => [])],
  [0x29 /* EMPTY_TUPLE */, pushContainer(() => [])],
  [0x8f /* EMPTY_SET */, pushContainer(() => [])],
  [0x6c /* LIST */, pushContainer(popMarked)],
  [0x64 /* DICT */, pushContainer((machine) => fill(new Map(), popMarked(machine)))],
  [0x74 /* TUPLE */, pushContainer(popMarked)],
  [0x91 /* FROZENSET */, pushContainer(popMarked)],
  [0x85 /* TUPLE1 */, pushContainer((machine) => popMany(machine, 1))],
  [0x86 /* TUPLE2 */, pushContainer((machine) => popMany(machine, 2))],
  [0x87 /* TUPLE3 */, pushContainer((machine) => popMany(machine, 3))],
  [0x71 /* BINPUT */, (machine) => remember(machine, machine.reader.u8())],
  [0x72 /* LONG_BINPUT */, (machine) => remember(machine, machine.reader.u32())],
  [0x94 /* MEMOIZE */, (machine) => remember(machine, machine.memo.size)],
  [0x68 /* BINGET */, push((machine) => recall(machine, machine.reader.u8()))],
  [0x6a /* LONG_BINGET */, push((machine) => recall(machine, machine.reader.u32()))],
  [0x63 /* GLOBAL */, pushContainer(({ reader, host }) => global(host, reader.line(), reader.line()))],
  [0x93 /* STACK_GLOBAL */, pushContainer(stackGlobal)],
  [0x51 /* BINPERSID */, push((machine) => machine.host.persistent(pop(machine)))],
  [0x52 /* REDUCE */, pushContainer((machine) => construct(popMany(machine, 2)))],
  [0x81 /* NEWOBJ */, pushContainer((machine) => construct(popMany(machine, 2)))],
  [0x92 /* NEWOBJ_EX */, pushContainer((machine) => construct(popMany(machine, 3)))],
  [0x62 /* BUILD */, build],
  [0x73 /* SETITEM */, (machine) => setItems(machine, popMany(machine, 2))],
  [0x75 /* SETITEMS */, (machine) => setItems(machine, popMarked(machine))],
  [0x61 /* APPEND */, (machine) => append(machine, popMany(machine, 1))],
  [0x65 /* APPENDS */, (machine) => append(machine, popMarked(machine))],
  [0x90 /* ADDITEMS */, (machine) => append(machine, popMarked(machine))],
]);

function checkProtocol(version: number): void {
  if (version < 2 || version > 5) throw new WeightsError(`pickle protocol ${version}: 2 to 5 can be read`);
}

function pop(machine: Machine): unknown {
  if (machine.stack.length === 0) throw new WeightsError('the pickle is damaged: it takes from an empty stack');
  return machine.stack.pop();
}

function popMany(machine: Machine, count: number): unknown[] {
  if (machine.stack.length < count) throw new WeightsError('the pickle is damaged: it takes from an empty stack');
  return machine.stack.splice(machine.stack.length - count, count);
}

function mark(machine: Machine): void {
  if (machine.marks.length >= MAX_MARKS) throw new WeightsError(`the pickle nests deeper than ${MAX_MARKS}: refused`);
  machine.marks.push(machine.stack);
  machine.stack = [];
}

function popMarked(machine: Machine): unknown[] {
  const outer = machine.marks.pop();
  if (!outer) throw new WeightsError('the pickle is damaged: a mark is missing');
  const items = machine.stack;
  machine.stack = outer;
  return items;
}

function top(machine: Machine): unknown {
  return machine.stack.at(-1);
}

function remember(machine: Machine, key: number): void {
  machine.memo.set(key, top(machine));
}

function recall(machine: Machine, key: number): unknown {
  if (!machine.memo.has(key)) throw new WeightsError(`the pickle is damaged: memo ${key} was never set`);
  return machine.memo.get(key);
}

function global(host: PickleHost, module: string, name: string): PickleGlobal {
  const path = `${module} ${name}`;
  return host.globals.get(path) ?? { kind: 'global', name: path, construct: () => foreign(path) };
}

function stackGlobal(machine: Machine): PickleGlobal {
  const [module, name] = popMany(machine, 2);
  return global(machine.host, String(module), String(name));
}

/** What a known global makes of its arguments; of any other class, a `Foreign`. */
function construct([callee, args]: readonly unknown[]): unknown {
  if (isForeign(callee)) return foreign(callee.name); // what an unknown function gave
  const make = isGlobal(callee) ? callee.construct : undefined;
  if (!make || !Array.isArray(args)) throw new WeightsError('the pickle calls what is not a function: refused');
  return make(args);
}

export function isGlobal(value: unknown): value is PickleGlobal {
  return isKind(value, 'global');
}

/** State of a dictionary is bookkeeping of PyTorch's modules; that of a foreign object is kept as it is. */
function build(machine: Machine): void {
  const state = pop(machine);
  const target = top(machine);
  if (isForeign(target)) target.state = state;
  else if (typeof target !== 'object' || target === null)
    throw new WeightsError('the pickle sets the state of what has none: refused');
}

function setItems(machine: Machine, items: readonly unknown[]): void {
  const target = top(machine);
  const entries = isForeign(target) ? target.entries : target;
  if (!(entries instanceof Map)) throw new WeightsError('the pickle is damaged: not a dictionary');
  fill(entries, items);
}

/** Keys and values in turn; a key that is an object names no tensor, and its value is left out. */
function fill(target: Map<unknown, unknown>, items: readonly unknown[]): Map<unknown, unknown> {
  if (items.length % 2 === 1) throw new WeightsError('the pickle is damaged: a key without a value');
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i];
    if (typeof key !== 'object' || key === null) target.set(key, items[i + 1]);
  }
  return target;
}

/** Adds to a list or a set; items of a foreign one are left out. */
function append(machine: Machine, items: readonly unknown[]): void {
  const target = top(machine);
  if (isForeign(target)) return;
  if (!Array.isArray(target)) throw new WeightsError('the pickle is damaged: not a list');
  for (const item of items) target.push(item);
}

/** Two's complement, little-endian; a number where it is exact. */
function longInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  bytes.forEach((byte, i) => {
    value |= BigInt(byte) << BigInt(8 * i);
  });
  const signed = BigInt.asIntN(8 * bytes.length, value);
  return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
}

/** Numbers of a state dict have 8 bytes; only the magic number has 10. */
function longLength(count: number): number {
  if (count >= 0 && count <= 255) return count;
  throw new WeightsError(`the pickle holds a whole number of ${count} bytes: refused`);
}
