/**
 * Writes a WebAssembly module with one function that works on an imported memory.
 *
 * @source WebAssembly core specification 2.0, chapter 5 (binary format)
 */
export type Code = readonly number[];

const I32 = 0x7f;
const F32 = 0x7d;
const V128 = 0x7b;
const EMPTY = 0x40;

/** Instructions by their names in the specification. Locals are numbered: parameters first. */
export const op = {
  get: (local: number): Code => [0x20, local],
  set: (local: number): Code => [0x21, local],
  tee: (local: number): Code => [0x22, local],
  i32Const: (value: number): Code => [0x41, ...signed(value)],
  i32Add: [0x6a],
  i32Sub: [0x6b],
  i32GreaterUnsigned: [0x4b],
  f32Zero: [0x43, 0, 0, 0, 0],
  f32Load: [0x2a, 2, 0],
  f32Store: [0x38, 2, 0],
  f32Add: [0x92],
  f32Mul: [0x94],
  f32Min: [0x96],
  f32Max: [0x97],
  f32ReinterpretI32: [0xbe],
  v128Zero: [0xfd, 0x0c, ...new Array<number>(16).fill(0)],
  v128Load: (offset: number): Code => [0xfd, 0x00, 2, ...unsigned(offset)],
  v128Store: (offset: number): Code => [0xfd, 0x0b, 2, ...unsigned(offset)],
  f32x4Splat: [0xfd, 0x13],
  f32x4Add: [0xfd, ...unsigned(0xe4)],
  f32x4Mul: [0xfd, ...unsigned(0xe6)],
  f32x4Min: [0xfd, ...unsigned(0xe8)],
  f32x4Max: [0xfd, ...unsigned(0xe9)],
  block: (...body: readonly Code[]): Code => [0x02, EMPTY, ...body.flat(), 0x0b],
  loop: (...body: readonly Code[]): Code => [0x03, EMPTY, ...body.flat(), 0x0b],
  branch: (depth: number): Code => [0x0c, depth],
  branchIf: (depth: number): Code => [0x0d, depth],
};

export interface Locals {
  readonly i32: number;
  readonly f32: number;
  readonly v128: number;
}

/** A module that imports `env.memory` and exports `run`, a function of `parameters` i32 values that returns nothing. */
export function assemble(parameters: number, locals: Locals, body: readonly Code[]): Uint8Array<ArrayBuffer> {
  const declared = [2 + 1, locals.i32, I32, locals.f32, F32, locals.v128, V128];
  const code = [...declared, ...body.flat(), 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, parameters, ...new Array<number>(parameters).fill(I32), 0]),
    ...section(2, [1, ...text('env'), ...text('memory'), 2, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('run'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}

function section(id: number, content: Code): Code {
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): Code {
  return [value.length, ...Array.from(value, (letter) => letter.charCodeAt(0))];
}

/** LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  const byte = value & 0x7f;
  const rest = value >> 7;
  const done = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
  return done ? [byte] : [byte | 0x80, ...signed(rest)];
}
