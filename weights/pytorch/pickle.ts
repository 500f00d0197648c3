import { WeightsError } from '../../engine/errors.js';
import type { ByteReader } from '../bytes/byteReader.js';

/** What a pickle may call, by `module name`; everything else is refused by name before it is looked at. */
type PickleGlobals = ReadonlyMap<string, PickleGlobal>;

/** A global that may appear; without `construct` it can be named but not called. */
export interface PickleGlobal {
  readonly name: string;
  readonly construct?: (args: readonly unknown[]) => unknown;
}

/** Stands for a value that is of no use here, such as a number of numpy or the arguments of a program. */
export const OPAQUE = Symbol('opaque');

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
  /** Lists, tuples and dictionaries made so far. */
  containers: number;
}

/**
 * Runs one pickle (protocol 2 to 4) of plain values and allowed globals: null, boolean, number, bigint, string, arrays
 * (lists and tuples), Maps (dictionaries) and what `host` makes. No code of the file is run.
 *
 * @throws WeightsError for an opcode or a global that is not allowed, and for a damaged file
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

const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0x80, ({ reader }) => checkProtocol(reader.u8())],
  [0x95, ({ reader }) => void reader.size64()], // FRAME
  [0x28, mark],
  [0x4e, push(() => null)],
  [0x88, push(() => true)],
  [0x89, push(() => false)],
  [0x4b, push(({ reader }) => reader.u8())],
  [0x4d, push(({ reader }) => reader.u16())],
  [0x4a, push(({ reader }) => reader.i32())],
  [0x8a, push(({ reader }) => longInteger(reader.bytes(reader.u8())))],
  [0x8b, push(({ reader }) => longInteger(reader.bytes(longLength(reader.i32()))))],
  [0x47, push(({ reader }) => reader.f64be())],
  [0x58, push(({ reader }) => reader.text(reader.u32()))],
  [0x8c, push(({ reader }) => reader.text(reader.u8()))],
  [0x55, push(({ reader }) => reader.text(reader.u8()))],
  [0x54, push(({ reader }) => reader.text(reader.u32()))],
  [0x8d, push(({ reader }) => reader.text(reader.size64()))],
  [0x43, push(({ reader }) => reader.bytes(reader.u8()))],
  [0x42, push(({ reader }) => reader.bytes(reader.u32()))],
  [0x7d, pushContainer(() => new Map())],
  [0x5d, pushContainer(() => [])],
  [0x29, pushContainer(() => [])],
  [0x74, pushContainer(popMarked)],
  [0x85, pushContainer((machine) => popMany(machine, 1))],
  [0x86, pushContainer((machine) => popMany(machine, 2))],
  [0x87, pushContainer((machine) => popMany(machine, 3))],
  [0x71, (machine) => remember(machine, machine.reader.u8())],
  [0x72, (machine) => remember(machine, machine.reader.u32())],
  [0x94, (machine) => remember(machine, machine.memo.size)],
  [0x68, push((machine) => recall(machine, machine.reader.u8()))],
  [0x6a, push((machine) => recall(machine, machine.reader.u32()))],
  [0x63, push(({ reader, host }) => global(host, reader.line(), reader.line()))],
  [0x93, push(stackGlobal)],
  [0x51, push((machine) => machine.host.persistent(pop(machine)))],
  [0x52, pushContainer(reduce)],
  [0x81, pushContainer(reduce)], // NEWOBJ: of an allowed class the same
  [0x62, build],
  [0x73, (machine) => setItems(machine, popMany(machine, 2))],
  [0x75, (machine) => setItems(machine, popMarked(machine))],
  [0x61, (machine) => append(machine, popMany(machine, 1))],
  [0x65, (machine) => append(machine, popMarked(machine))],
]);

function checkProtocol(version: number): void {
  if (version < 2 || version > 4) throw new WeightsError(`pickle protocol ${version}: 2 to 4 can be read`);
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
  const found = host.globals.get(`${module} ${name}`);
  if (found) return found;
  throw new WeightsError(
    `the file wants to load '${module}.${name}', which a state dict does not need: refused; save the weights alone, torch.save(model.state_dict(), file)`,
  );
}

function stackGlobal(machine: Machine): PickleGlobal {
  const [module, name] = popMany(machine, 2);
  return global(machine.host, String(module), String(name));
}

function reduce(machine: Machine): unknown {
  const [callee, args] = popMany(machine, 2);
  const construct = isGlobal(machine, callee) ? callee.construct : undefined;
  if (!construct || !Array.isArray(args)) throw new WeightsError('the pickle calls what is not a function: refused');
  return construct(args);
}

function isGlobal({ host }: Machine, value: unknown): value is PickleGlobal {
  const { name } = (value ?? {}) as { readonly name?: unknown };
  return typeof name === 'string' && host.globals.get(name) === value;
}

/** State of an ordered dictionary is bookkeeping of PyTorch's modules, that of an `Opaque` is not looked at. */
function build(machine: Machine): void {
  pop(machine);
  const target = top(machine);
  if (!(target instanceof Map) && target !== OPAQUE)
    throw new WeightsError('the pickle sets the state of an object: refused');
}

function setItems(machine: Machine, items: readonly unknown[]): void {
  const target = top(machine);
  if (!(target instanceof Map) || items.length % 2 === 1)
    throw new WeightsError('the pickle is damaged: not a dictionary');
  for (let i = 0; i < items.length; i += 2) {
    const key = items[i];
    if (typeof key === 'object' && key !== null)
      throw new WeightsError('a dictionary key is not a plain value: refused');
    target.set(key, items[i + 1]);
  }
}

function append(machine: Machine, items: readonly unknown[]): void {
  const target = top(machine);
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
