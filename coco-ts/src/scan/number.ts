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
export const POWER = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
export const POWER_HIGH = POWER.map((value) => {
  const c = 134217729 * value;
  return c - (c - value);
});
export const POWER_LOW = POWER.map((value, i) => value - POWER_HIGH[i]!);
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

/** `readNumber` of an id. @throws UNSCANNABLE beyond 2^53, where a double would take one integer for another */
export function readId(b: Uint8Array, p: number, out: Float64Array, at: number): number {
  const end = readNumber(b, p, out, at);
  if (Math.abs(out[at]!) > Number.MAX_SAFE_INTEGER) throw UNSCANNABLE;
  return end;
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
  return quotientOf((high >>> 15) * 32768 * shift, (high & 32767) * shift + low, decimals, negative, out, at);
}

/** out[at] = ±(a + rest) / 10^decimals, where a is 0 or not smaller than rest. @returns whether that is correctly rounded for certain */
function quotientOf(
  a: number,
  rest: number,
  decimals: number,
  negative: boolean,
  out: Float64Array,
  at: number,
): boolean {
  const divisor = POWER[decimals]!;
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

/** Most digits behind the point that `readDecimal` takes, and before it: their products with powers of ten stay exact. */
const FRACTION_DIGITS = 15;
const WHOLE_LIMIT = 100000;

/**
 * `readNumber`, quicker for what coordinates look like: few digits, a point, up to 15 more, of which four are read at a time.
 *
 * @param view of the same bytes
 */
export function readDecimal(b: Uint8Array, view: DataView, p: number, out: Float64Array, at: number): number {
  const negative = b[p] === 45;
  let q = negative ? p + 1 : p;
  let c = b[q]! - 48;
  if (c < 0 || c > 9) return readNumber(b, p, out, at);
  let whole = c;
  for (c = b[++q]! - 48; c >= 0 && c <= 9 && whole < WHOLE_LIMIT; c = b[++q]! - 48) whole = whole * 10 + c;
  if (c !== -2 || whole >= WHOLE_LIMIT) return readNumber(b, p, out, at);
  const point = ++q;
  let rest = 0;
  for (let four = fourDigits(view, q); four >= 0 && q - point < FRACTION_DIGITS; four = fourDigits(view, q)) {
    rest = rest * 10000 + four;
    q += 4;
  }
  for (c = b[q]! - 48; c >= 0 && c <= 9; c = b[++q]! - 48) rest = rest * 10 + c;
  const decimals = q - point;
  if (c === 53 || c === 21 || decimals > FRACTION_DIGITS) return readNumber(b, p, out, at);
  const a = whole * POWER[decimals]!;
  return quotientOf(a, rest, decimals, negative, out, at) ? q : readSlowly(b, p, out, at);
}

/** The value of four digits, -1 where there are not four. */
function fourDigits(view: DataView, p: number): number {
  const word = view.getInt32(p, true);
  const digits = word - 0x30303030;
  if (((word & 0xf0f0f0f0) ^ 0x30303030) !== 0 || ((digits + 0x06060606) & 0xf0f0f0f0) !== 0) return -1;
  const pairs = (digits * 10 + (digits >>> 8)) & 0x00ff00ff;
  return (pairs & 255) * 100 + (pairs >>> 16);
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
