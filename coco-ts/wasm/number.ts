const ZEROS: i64 = 0x3030303030303030;

/**
 * How many of eight characters are digits before the first that is none.
 */
export function leadingDigits(word: i64): i32 {
  // A digit plus 0x46 stays below 0x80 and minus 0x30 above 0: what is carried on starts behind the first other character.
  return i32(i64.ctz(((word + 0x4646464646464646) | (word - ZEROS)) & 0x8080808080808080)) >> 3;
}

/**
 * The value of the first n of eight digits, n from 1 to 8: pairs, fours and eights by one multiplication each.
 */
export function digitsValue(word: i64, n: i32): i64 {
  const digits: i64 = (word - ZEROS) << i64(u32(64 - 8 * n));
  const pairs: i64 = ((digits * 2561) >>> 8) & 0x00ff00ff00ff00ff;
  const fours: i64 = ((pairs * 6553601) >>> 16) & 0x0000ffff0000ffff;
  return (fours * 42949672960001) >>> 32;
}

function longPower(exponent: i32): i64 {
  return i64.load(LONG_POWERS + 8 * exponent);
}

const DIGITS = 18;
const DECIMALS: u32 = 22;

/**
 * Reads the number at p to the address `out`, correctly rounded, as scan/number.ts: the digits are one integer below 10^18, which is
 * exact below 2^53 and divided in double-double arithmetic above.
 *
 * @returns the byte behind the number; 0 where the portable reader has to look at it
 */
export function readNumber(p: i32, out: i32): i32 {
  const negative = i32.load8_u(p) === 45 ? 1 : 0;
  let q = p + negative;
  let word = i64.load(q);
  let n = leadingDigits(word);
  if (n === 0) return 0;
  let mantissa = digitsValue(word, n);
  q += n;
  if (n === 8) {
    word = i64.load(q);
    n = leadingDigits(word);
    if (n === 8) return 0;
    if (n > 0) {
      mantissa = mantissa * longPower(n) + digitsValue(word, n);
      q += n;
    }
  }
  let decimals = 0;
  if (i32.load8_u(q) === 46) {
    const point = q + 1;
    q = point;
    do {
      word = i64.load(q);
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
  if ((i32.load8_u(q) | 32) === 101) {
    const sign = i32.load8_u(q + 1);
    const from = q + (sign === 45 || sign === 43 ? 2 : 1);
    word = i64.load(from);
    n = leadingDigits(word);
    if (n === 0 || n > 4) return 0;
    const exponent = i32(digitsValue(word, n));
    decimals = sign === 45 ? decimals + exponent : decimals - exponent;
    q = from + n;
  }
  if (u32(decimals) > DECIMALS) return 0;
  let value = f64(mantissa);
  if (mantissa > 9007199254740992) {
    value = divided(mantissa, 8 * decimals);
    // Zero is no quotient of such a number: its rounding is not certain.
    if (value === 0) return 0;
  } else if (decimals > 0) value = value / f64.load(POWERS + 8 * decimals);
  f64.store(out, negative ? -value : value);
  return q;
}

/** mantissa / 10^(at / 8); 0 where the rounding cannot be proven. The products are exact by halves of 26 bits (Dekker 1971). */
function divided(mantissa: i64, at: i32): f64 {
  const divisor = f64.load(POWERS + at);
  const sum = f64(mantissa);
  const a = f64(mantissa & 0xffffffffffff800);
  const rest = f64(mantissa & 2047);
  const quotient = sum / divisor;
  const k = quotient * 134217729;
  const qh = k - (k - quotient);
  const ql = quotient - qh;
  const product = quotient * divisor;
  const ph = f64.load(POWERS_HIGH + at);
  const pl = f64.load(POWERS_LOW + at);
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
  while (true) {
    const stops = i8x16.bitmask(i8x16.gt_u(i8x16.add(v128.load(q), i8x16.splat(-48)), i8x16.splat(9)));
    if (stops !== 0) return q + i32.ctz(stops);
    q += 16;
  }
}

/** The byte behind a plain number whose value does not matter; 0 for any other. */
export function skipNumber(p: i32): i32 {
  const start = p + (i32.load8_u(p) === 45 ? 1 : 0);
  let q = skipDigits(start);
  if (q === start) return 0;
  if (i32.load8_u(q) === 46) {
    const point = q + 1;
    q = skipDigits(point);
    if (q === point) return 0;
  }
  if ((i32.load8_u(q) | 32) !== 101) return q;
  const sign = i32.load8_u(q + 1);
  const from = q + (sign === 45 || sign === 43 ? 2 : 1);
  const end = skipDigits(from);
  return end === from || end - from >= 8 ? 0 : end;
}
