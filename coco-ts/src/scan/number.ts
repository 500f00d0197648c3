import { JsonError } from '../errors.js';

/**
 * The byte behind the last one. It occurs in no UTF-8 text and ends every loop over blanks, digits and letters, so that none of them
 * has to look at a position; PADDING of them stand behind the bytes of a window.
 */
export const END = 255;
export const PADDING = 64;

/** Thrown where the bytes end inside a value; the caller reads more of the file and tries again. */
export const INCOMPLETE = new Error('incomplete');
/** Thrown where a value is valid JSON but fits no column, so that the file must be read as objects. */
export const UNSCANNABLE = new Error('no column for this value');

/** The powers of ten a double holds exactly, and their halves of 26 bits for exact products (Dekker 1971). */
const POWER = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const POWER_HIGH = POWER.map((value) => {
  const c = 134217729 * value;
  return c - (c - value);
});
const POWER_LOW = POWER.map((value, i) => value - POWER_HIGH[i]!);
const ABOVE = 1 + 2 ** -45;
const BELOW = 1 - 2 ** -45;

/**
 * Reads the JSON number at p into out[at], correctly rounded as Number() would; Python's NaN and Infinity too. Up to 18 digits are
 * collected as two integers and divided in double-double arithmetic; where that cannot prove its rounding, Number() decides.
 *
 * @returns the byte after the number (the value goes into an array because a returned double would be allocated)
 */
export function readNumber(b: Uint8Array, p: number, out: Float64Array, at: number): number {
  const start = p;
  let c = b[p]!;
  const negative = c === 45;
  if (negative) c = b[++p]!;
  c -= 48;
  if (c < 0 || c > 9) return readSlowly(b, start, out, at);
  let high = 0;
  let highDigits = 0;
  let low = 0;
  let lowDigits = 0;
  let decimals = 0;
  do {
    if (highDigits < 9) {
      high = (high * 10 + c) | 0;
      if (high !== 0) highDigits++;
    } else {
      if (lowDigits === 9) return readSlowly(b, start, out, at);
      low = (low * 10 + c) | 0;
      lowDigits++;
    }
    c = b[++p]! - 48;
  } while (c >= 0 && c <= 9);
  if (c === -2) {
    const point = p + 1;
    c = b[++p]! - 48;
    while (c >= 0 && c <= 9) {
      if (highDigits < 9) {
        high = (high * 10 + c) | 0;
        if (high !== 0) highDigits++;
      } else {
        if (lowDigits === 9) return readSlowly(b, start, out, at);
        low = (low * 10 + c) | 0;
        lowDigits++;
      }
      c = b[++p]! - 48;
    }
    decimals = p - point;
  }
  // e, E, or more decimals than a table of exact powers has
  if (c === 53 || c === 21 || decimals > 22) return readSlowly(b, start, out, at);
  if (lowDigits === 0) {
    const value = decimals === 0 ? high : high / POWER[decimals]!;
    out[at] = negative ? -value : value;
    return p;
  }
  return divide(high, low, lowDigits, decimals, negative, out, at) ? p : readSlowly(b, start, out, at);
}

/** out[at] = ±(high * 10^lowDigits + low) / 10^decimals. @returns whether that is correctly rounded for certain */
function divide(
  high: number,
  low: number,
  lowDigits: number,
  decimals: number,
  negative: boolean,
  out: Float64Array,
  at: number,
): boolean {
  const shift = POWER[lowDigits]!;
  const divisor = POWER[decimals]!;
  const a = (high >>> 15) * 32768 * shift;
  const rest = (high & 32767) * shift + low;
  const sum = a + rest;
  if (sum <= 9007199254740992) {
    out[at] = negative ? -(sum / divisor) : sum / divisor;
    return true;
  }
  const quotient = sum / divisor;
  const k = 134217729 * quotient;
  const qh = k - (k - quotient);
  const ql = quotient - qh;
  const product = quotient * divisor;
  const ph = POWER_HIGH[decimals]!;
  const pl = POWER_LOW[decimals]!;
  const error = qh * ph - product + qh * pl + ql * ph + ql * pl;
  const correction = (sum - product - error + (rest - (sum - a))) / divisor;
  const value = quotient + correction;
  out[at] = negative ? -value : value;
  return value === quotient + correction * ABOVE && value === quotient + correction * BELOW;
}

function readSlowly(b: Uint8Array, p: number, out: Float64Array, at: number): number {
  let e = p;
  while (isWordByte(b[e]!)) e++;
  if (b[e] === END) throw INCOMPLETE;
  let text = '';
  for (let i = p; i < e; i++) text += String.fromCharCode(b[i]!);
  if (!/^(-?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity)$/.test(text)) {
    if (text === '' || text === 'null' || text === 'true' || text === 'false') throw UNSCANNABLE;
    throw new JsonError(`unexpected ${text.slice(0, 20)}`, p);
  }
  out[at] = Number(text);
  return e;
}

const isWordByte = (c: number): boolean =>
  (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 122) || c === 46 || c === 45 || c === 43;
