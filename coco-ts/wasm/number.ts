import { LONG_POWERS, POWERS, POWERS_HIGH, POWERS_LOW } from '../src/wasm/layout.js';

const ZEROS: i64 = 0x3030303030303030n;

/**
 * How many of eight characters are digits before the first that is none.
 * @inline
 */
export function leadingDigits(word: i64): i32 {
  // A digit plus 0x46 stays below 0x80 and minus 0x30 above 0: what is carried on starts behind the first other character.
  return ctz64(((word + 0x4646464646464646n) | (word - ZEROS)) & 0x8080808080808080n) >> 3;
}

/**
 * The value of the first n of eight digits, n from 1 to 8: pairs, fours and eights by one multiplication each.
 * @inline
 */
export function digitsValue(word: i64, n: i32): i64 {
  const digits: i64 = (word - ZEROS) << toLong(64 - 8 * n);
  const pairs: i64 = shiftUnsigned(digits * 2561n, 8n) & 0x00ff00ff00ff00ffn;
  const fours: i64 = shiftUnsigned(pairs * 6553601n, 16n) & 0x0000ffff0000ffffn;
  return shiftUnsigned(fours * 42949672960001n, 32n);
}

/** @inline */
function longPower(exponent: i32): i64 {
  return load64(LONG_POWERS + 8 * exponent);
}

const DIGITS = 18;
const DECIMALS = 22;

/**
 * Reads the number at p to the address `out`, correctly rounded, as scan/number.ts: the digits are one integer below 10^18, which is
 * exact below 2^53 and divided in double-double arithmetic above.
 *
 * @returns the byte behind the number; 0 where the portable reader has to look at it
 */
export function readNumber(p: i32, out: i32): i32 {
  const negative = load8(p) === 45 ? 1 : 0;
  let q = p + negative;
  let word = load64(q);
  let n = leadingDigits(word);
  if (n === 0) return 0;
  let mantissa = digitsValue(word, n);
  q += n;
  if (n === 8) {
    word = load64(q);
    n = leadingDigits(word);
    if (n === 8) return 0;
    if (n > 0) {
      mantissa = mantissa * longPower(n) + digitsValue(word, n);
      q += n;
    }
  }
  let decimals = 0;
  if (load8(q) === 46) {
    const point = q + 1;
    q = point;
    do {
      word = load64(q);
      n = leadingDigits(word);
      if (n > 0) {
        if (mantissa >= longPower(DIGITS - n)) return 0;
        mantissa = mantissa * longPower(n) + digitsValue(word, n);
        q += n;
      }
    } while (n === 8);
    decimals = q - point;
    if (decimals === 0) return 0;
  }
  if ((load8(q) | 32) === 101) {
    const sign = load8(q + 1);
    const from = q + (sign === 45 || sign === 43 ? 2 : 1);
    word = load64(from);
    n = leadingDigits(word);
    if (n === 0 || n > 4) return 0;
    const exponent = toInt(digitsValue(word, n));
    decimals = sign === 45 ? decimals + exponent : decimals - exponent;
    q = from + n;
  }
  if (lessUnsigned(DECIMALS, decimals)) return 0;
  let value = longToF64(mantissa);
  if (mantissa > 9007199254740992n) {
    value = divided(mantissa, 8 * decimals);
    // Zero is no quotient of such a number: its rounding is not certain.
    if (value === 0) return 0;
  } else if (decimals > 0) value = value / loadF64(POWERS + 8 * decimals);
  storeF64(out, negative ? -value : value);
  return q;
}

/** mantissa / 10^(at / 8); 0 where the rounding cannot be proven. The products are exact by halves of 26 bits (Dekker 1971). */
function divided(mantissa: i64, at: i32): f64 {
  const divisor = loadF64(POWERS + at);
  const sum = longToF64(mantissa);
  const a = longToF64(mantissa & 0xffffffffffff800n);
  const rest = longToF64(mantissa & 2047n);
  const quotient = sum / divisor;
  const k = quotient * 134217729;
  const qh = k - (k - quotient);
  const ql = quotient - qh;
  const product = quotient * divisor;
  const ph = loadF64(POWERS_HIGH + at);
  const pl = loadF64(POWERS_LOW + at);
  const error = qh * ph - product + qh * pl + ql * ph + ql * pl;
  const correction = (sum - product - error + (rest - (sum - a))) / divisor;
  const value = quotient + correction;
  // 1 + 2^-45 and 1 - 2^-45
  const above = quotient + correction * 1.0000000000000284;
  const below = quotient + correction * 0.9999999999999716;
  return value === above && value === below ? value : 0;
}

/** The first byte from p on that is no digit. */
function skipDigits(p: i32): i32 {
  let q = p;
  for (;;) {
    const stops = highBits8(aboveUnsigned8(add8(loadV128(q), splat8(-48)), splat8(9)));
    if (stops !== 0) return q + ctz(stops);
    q += 16;
  }
}

/** The byte behind a plain number whose value does not matter; 0 for any other. */
export function skipNumber(p: i32): i32 {
  const start = p + (load8(p) === 45 ? 1 : 0);
  let q = skipDigits(start);
  if (q === start) return 0;
  if (load8(q) === 46) {
    const point = q + 1;
    q = skipDigits(point);
    if (q === point) return 0;
  }
  if ((load8(q) | 32) !== 101) return q;
  const sign = load8(q + 1);
  const from = q + (sign === 45 || sign === 43 ? 2 : 1);
  const end = skipDigits(from);
  return end === from || end - from >= 8 ? 0 : end;
}
