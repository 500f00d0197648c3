/** 32-bit words of a Philox block: four of a counter or a result, two of a key. */
type Words = readonly [number, number, number, number];

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
  const mixed = block([first, first >> 31, second, second >> 31], ...SEED_KEY);
  const words = new Uint32Array(count);
  for (let at = 0; at < count; at += 4) {
    const values = block([at / 4, 0, mixed[2], mixed[3]], mixed[0], mixed[1]);
    for (let i = 0; i < 4 && at + i < count; i++) words[at + i] = values[i] as number;
  }
  return words;
}

function block([a, b, c, d]: Words, key0: number, key1: number): Words {
  for (let round = 0; round < ROUNDS; round++) {
    const [low0, low1] = [Math.imul(MULTIPLIERS[0], a), Math.imul(MULTIPLIERS[1], c)];
    const [high0, high1] = [highWord(MULTIPLIERS[0], a), highWord(MULTIPLIERS[1], c)];
    [a, b, c, d] = [high1 ^ b ^ key0, low1, high0 ^ d ^ key1, low0];
    key0 = (key0 + KEY_STEPS[0]) | 0;
    key1 = (key1 + KEY_STEPS[1]) | 0;
  }
  return [a, b, c, d];
}

/** Upper 32 bits of the product of two unsigned words. */
function highWord(a: number, b: number): number {
  const [a1, a0, b1, b0] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const rest = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(rest / 65536)) | 0;
}
