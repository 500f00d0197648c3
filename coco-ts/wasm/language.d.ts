/** What the sources of this folder are written in: `tools/wasm/compiler.mjs` knows these types and instructions. */
type i32 = number;
type i64 = bigint;
type f64 = number;
interface v128 {
  readonly bytes: 16;
}

/** Unsigned bytes, halves and words at an address in bytes, which needs no alignment, plus a constant offset. */
declare function load8(address: i32, offset?: i32): i32;
declare function load16(address: i32, offset?: i32): i32;
declare function load32(address: i32, offset?: i32): i32;
declare function load64(address: i32, offset?: i32): i64;
declare function loadF64(address: i32, offset?: i32): f64;
declare function loadV128(address: i32, offset?: i32): v128;
declare function store8(address: i32, value: i32, offset?: i32): void;
declare function store16(address: i32, value: i32, offset?: i32): void;
declare function store32(address: i32, value: i32, offset?: i32): void;
declare function store64(address: i32, value: i64, offset?: i32): void;
declare function storeF64(address: i32, value: f64, offset?: i32): void;
/** As float32, rounded. */
declare function storeF32(address: i32, value: f64, offset?: i32): void;
declare function storeV128(address: i32, value: v128, offset?: i32): void;
declare function copyBytes(to: i32, from: i32, bytes: i32): void;
declare function fillBytes(to: i32, byte: i32, bytes: i32): void;

/** Zero bits before the first and behind the last one; all of them for 0. */
declare function clz(value: i32): i32;
declare function ctz(value: i32): i32;
declare function ctz64(value: i64): i32;
declare function lessUnsigned(a: i32, b: i32): boolean;
declare function aboveUnsigned(a: i32, b: i32): boolean;
declare function divideUnsigned(a: i32, b: i32): i32;
declare function shiftUnsigned(value: i64, by: i64): i64;

/** 1 or 0. */
declare function bit(condition: boolean): i32;
/** a or b without a branch. */
declare function pick(a: i32, b: i32, condition: boolean): i32;
declare function pickF64(a: f64, b: f64, condition: boolean): f64;
declare function toF64(value: i32): f64;
declare function unsignedToF64(value: i32): f64;
declare function longToF64(value: i64): f64;
/** Zero-extended. */
declare function toLong(value: i32): i64;
declare function toInt(value: i64): i32;
/** Towards zero; what is out of range goes to its border, NaN to 0. */
declare function truncate(value: f64): i32;
declare function ceil(value: f64): f64;
declare function floor(value: f64): f64;
/** Towards zero. */
declare function whole(value: f64): f64;
/** As Math.min and Math.max. */
declare function least(a: f64, b: f64): f64;
declare function most(a: f64, b: f64): f64;
declare function abs(value: f64): f64;
/** The same 64 bits. */
declare function bits(value: f64): i64;
/** As Math.fround. */
declare function single(value: f64): f64;
/** Math.exp of the host. */
declare function exp(value: f64): f64;

/** Sixteen bytes at a time; a comparison gives 255 or 0 for each. */
declare function splat8(byte: i32): v128;
declare function equal8(a: v128, b: v128): v128;
declare function aboveUnsigned8(a: v128, b: v128): v128;
declare function add8(a: v128, b: v128): v128;
declare function or128(a: v128, b: v128): v128;
declare function and128(a: v128, b: v128): v128;
/** One bit for each byte: its highest. */
declare function highBits8(value: v128): i32;
