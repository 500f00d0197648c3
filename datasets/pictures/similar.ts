import type { RgbPixels } from '../sample.js';
import { letterbox } from '../transforms/index.js';

/** Bits of brightness differences between neighbours on a grid of 9 x 8: alike for images that look alike. */
export function fingerprint(image: RgbPixels): Uint8Array {
  const { data } = stretched(image);
  const bits = new Uint8Array(64);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) bits[y * 8 + x] = grey(data, y * 9 + x) > grey(data, y * 9 + x + 1) ? 1 : 0;
  }
  return bits;
}

/** The image on 9 x 8 pixels, its aspect given up: first fitted, then each axis by itself. */
function stretched(image: RgbPixels): RgbPixels {
  const { data, width, height } = letterbox(
    image,
    [72, Math.max(9, Math.round((72 * image.width) / image.height))],
    [0, 0, 0],
  );
  const into = new Uint8Array(9 * 8 * 3);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 9; x++) {
      const [x1, x2] = [Math.floor((x * width) / 9), Math.max(1, Math.floor(((x + 1) * width) / 9))];
      const [y1, y2] = [Math.floor((y * height) / 8), Math.max(1, Math.floor(((y + 1) * height) / 8))];
      const sums = [0, 0, 0];
      for (let row = y1; row < y2; row++) {
        for (let column = x1; column < x2; column++) {
          for (let c = 0; c < 3; c++) sums[c]! += data[(row * width + column) * 3 + c]!;
        }
      }
      for (let c = 0; c < 3; c++) into[(y * 9 + x) * 3 + c] = sums[c]! / Math.max(1, (x2 - x1) * (y2 - y1));
    }
  }
  return { data: into, width: 9, height: 8 };
}

const grey = (data: Uint8Array, at: number): number =>
  data[at * 3]! * 299 + data[at * 3 + 1]! * 587 + data[at * 3 + 2]! * 114;

/** Most images whose pairs are looked at: of n there are n * (n - 1) / 2. */
const MOST = 4000;

/** Pairs of positions whose fingerprints differ in at most so many of 64 bits, the most alike first. */
export function similarPairs(
  fingerprints: readonly Uint8Array[],
  most = 3,
): readonly (readonly [number, number, number])[] {
  const pairs: [number, number, number][] = [];
  const shown = fingerprints.slice(0, MOST);
  for (const [j, b] of shown.entries()) {
    for (let i = 0; i < j; i++) {
      let different = 0;
      for (let bit = 0; bit < 64 && different <= most; bit++) if (shown[i]![bit] !== b[bit]) different++;
      if (different <= most) pairs.push([i, j, different]);
    }
  }
  return pairs.sort((a, b) => a[2] - b[2]);
}
