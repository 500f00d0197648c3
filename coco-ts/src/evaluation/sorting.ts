const DIGIT = 2048;

/** Stable sort by descending score, NaN last and -0 equal to 0: the order of `orderByScore`, by radix, for long lists. */
export class ScoreSorter {
  private readonly high: Int32Array;
  private readonly low: Int32Array;
  private first: Int32Array;
  private second: Int32Array;
  private readonly count = new Int32Array(DIGIT);
  private readonly key = new Float64Array(1);
  private readonly words = new Int32Array(this.key.buffer);

  constructor(capacity: number) {
    this.high = new Int32Array(capacity);
    this.low = new Int32Array(capacity);
    this.first = new Int32Array(capacity);
    this.second = new Int32Array(capacity);
  }

  /** @returns the positions 0..n - 1 in order; valid until the next call */
  order(scores: Float64Array, n: number): Int32Array {
    const { high, low, key, words, first } = this;
    let varyHigh = 0;
    let varyLow = 0;
    for (let i = 0; i < n; i++) {
      // Negated, so that ascending keys are descending scores; + 0 turns -0 into 0.
      key[0] = -scores[i]! + 0;
      let h = words[1]!;
      let l = words[0]!;
      if (Number.isNaN(key[0])) {
        h = -1;
        l = -1;
      } else if (h < 0) {
        h = ~h;
        l = ~l;
      } else h ^= 0x80000000;
      high[i] = h;
      low[i] = l;
      first[i] = i;
      varyHigh |= h ^ high[0]!;
      varyLow |= l ^ low[0]!;
    }
    for (let pass = 0; pass < 6; pass++) {
      const shift = (pass % 3) * 11;
      const vary = pass < 3 ? varyLow : varyHigh;
      // A digit that all keys share sorts nothing.
      if (((vary >>> shift) & (DIGIT - 1)) !== 0) this.pass(pass < 3 ? low : high, shift, n);
    }
    return this.first;
  }

  private pass(keys: Int32Array, shift: number, n: number): void {
    const { count, first, second } = this;
    count.fill(0);
    for (let i = 0; i < n; i++) count[(keys[i]! >>> shift) & (DIGIT - 1)]!++;
    let sum = 0;
    for (let i = 0; i < DIGIT; i++) {
      const c = count[i]!;
      count[i] = sum;
      sum += c;
    }
    for (let i = 0; i < n; i++) {
      const x = first[i]!;
      second[count[(keys[x]! >>> shift) & (DIGIT - 1)]!++] = x;
    }
    this.first = second;
    this.second = first;
  }
}
