const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
const KEY_STEPS = [0x9e3779b9, 0xbb67ae85] as const;
const ROUNDS = 10;
/** Key under which a seed is scrambled first, so that it does not matter which of its bits differ. */
const SEED_KEY = [0x3ec8f720, 0x02461e29] as const;

/**
 * Random words as a pure function of a seed: the same as TensorFlow's stateless generators give.
 *
 * @param seed  two int32 values
 * @param count how many words
 * @source Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", Philox4x32-10
 */
export function philoxWords(seed: ArrayLike<number>, count: number): Uint32Array {
  const [first, second] = [seed[0] as number, seed[1] as number];
  const mixed = Uint32Array.of(first, first >> 31, second, second >> 31);
  encrypt(mixed, 0, SEED_KEY[0], SEED_KEY[1]);
  const [key0, key1, high0, high1] = mixed as unknown as [number, number, number, number];
  const words = new Uint32Array(Math.ceil(count / 4) * 4);
  for (let at = 0; at < words.length; at += 4) {
    words[at] = at / 4;
    words[at + 2] = high0;
    words[at + 3] = high1;
    encrypt(words, at, key0, key1);
  }
  return words.subarray(0, count);
}

/** Replaces a counter of four words by a block of four random ones. */
function encrypt(words: Uint32Array, at: number, key0: number, key1: number): void {
  let a = words[at] as number;
  let b = words[at + 1] as number;
  let c = words[at + 2] as number;
  let d = words[at + 3] as number;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = highWord(MULTIPLIERS[0], a);
    const high1 = highWord(MULTIPLIERS[1], c);
    const low0 = Math.imul(MULTIPLIERS[0], a);
    a = high1 ^ b ^ key0;
    b = Math.imul(MULTIPLIERS[1], c);
    c = high0 ^ d ^ key1;
    d = low0;
    key0 = (key0 + KEY_STEPS[0]) | 0;
    key1 = (key1 + KEY_STEPS[1]) | 0;
  }
  words[at] = a;
  words[at + 1] = b;
  words[at + 2] = c;
  words[at + 3] = d;
}

/** Upper 32 bits of the product of two unsigned words. */
function highWord(a: number, b: number): number {
  const low = Math.imul(a & 0xffff, b & 0xffff) >>> 16;
  const middle = Math.imul(a >>> 16, b & 0xffff) >>> 0;
  const other = Math.imul(a & 0xffff, b >>> 16) >>> 0;
  const carry = (low + (middle & 0xffff) + (other & 0xffff)) >>> 16;
  return (Math.imul(a >>> 16, b >>> 16) + (middle >>> 16) + (other >>> 16) + carry) | 0;
}
