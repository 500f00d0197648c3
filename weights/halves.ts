/** 16-bit floating point formats, which JavaScript has no arrays of. Values that lie between two of them go to the even one. */

const word = new Float32Array(1);
const bits = new Uint32Array(word.buffer);

const bitsOf = (value: number): number => {
  word[0] = value;
  return bits[0]!;
};
const floatOf = (pattern: number): number => {
  bits[0] = pattern;
  return word[0]!;
};

/** bfloat16: the upper half of a float32. */
export function toBfloat16(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  const pattern = bitsOf(value);
  return ((pattern + 0x7fff + ((pattern >>> 16) & 1)) >>> 16) & 0xffff;
}

export const fromBfloat16 = (pattern: number): number => floatOf(pattern << 16);

/** IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of mantissa. */
export function toFloat16(value: number): number {
  const sign = (bitsOf(value) >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00; // half way from the largest, 65504, to 2^16: rounds to infinity
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = roundToEven(size / 2 ** (exponent - 10)); // 1024 to 2048, less for subnormals
  return sign | (((exponent + 14) << 10) + steps); // a carry moves into the exponent, as it should
}

export function fromFloat16(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >>> 10) & 31;
  const mantissa = pattern & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return below + (rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? 1 : 0);
}
