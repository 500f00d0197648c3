/** The compressed string of run lengths in plain JavaScript: the readable form of `../wasm/rle.ts`, which is not loaded with it. */
import { MaskError } from '../errors.js';

/** `parseCounts`. @throws MaskError on a character outside '0'..'o' */
export function parsePlainCounts(text: string): Uint32Array {
  const codes = Uint8Array.from(text, (character) => Math.min(255, character.charCodeAt(0)));
  const wrong = codes.findIndex((code) => code < FIRST_CODE || code > LAST_CODE);
  if (wrong >= 0) throw new MaskError(`RLE counts have an invalid character at ${wrong}`, 'ValueError');
  const out = new Uint32Array(codes.length);
  return out.slice(0, decodeCounts(codes, 0, codes.length, out, 0));
}

/** '0' and 'o'. */
const FIRST_CODE = 48;
const LAST_CODE = 111;

/** Writes the run lengths of characters [begin, end) to out[at..], which has room for as many. @returns how many there are */
export function decodeCounts(codes: Uint8Array, begin: number, end: number, out: Uint32Array, at: number): number {
  let m = 0;
  for (let p = begin; p < end; m++) {
    let value = 0;
    let shift = 0;
    let group = 32;
    while (group & 32) {
      // Past the end the reference reads the terminating zero, which acts as a final negative group.
      group = p < end ? codes[p]! - FIRST_CODE : -FIRST_CODE;
      p++;
      if (shift < 32) value |= (group & 31) << shift;
      shift += 5;
    }
    if (group & 16 && shift < 32) value |= -1 << shift;
    out[at + m] = m > 2 ? value + out[at + m - 2]! : value;
  }
  return m;
}

/** `formatCounts`. */
export function formatPlainCounts(counts: ArrayLike<number>): string {
  const codes: number[] = [];
  const parts: string[] = [];
  for (let i = 0; i < counts.length; i++) {
    // Differences of two uint32 need 33 bits, so the groups come from division, not from int32 shifts.
    let value = i > 2 ? counts[i]! - counts[i - 2]! : counts[i]!;
    let more = true;
    while (more) {
      const group = ((value % 32) + 32) % 32;
      value = Math.floor(value / 32);
      more = group & 16 ? value !== -1 : value !== 0;
      codes.push(group + (more ? 80 : 48));
    }
    if (codes.length > 4096) parts.push(String.fromCharCode(...codes.splice(0)));
  }
  parts.push(String.fromCharCode(...codes));
  return parts.join('');
}
