import { JsonError } from '../errors.js';
import { shown } from '../shown.js';
import { END, INCOMPLETE } from './number.js';

/** The first byte from p on that is no white space. */
export function skipBlank(b: Uint8Array, p: number): number {
  while (b[p]! <= 32) p++;
  if (b[p] === END) throw INCOMPLETE;
  return p;
}

/** The byte after the string whose opening quote is at p. */
export function skipString(b: Uint8Array, p: number): number {
  p++;
  for (;;) {
    const c = b[p]!;
    if (c === 34) return p + 1;
    if (c === END) throw INCOMPLETE;
    p += c === 92 ? 2 : 1;
  }
}

/** The byte after the value at p, whatever it is; its inside is only checked for balanced brackets. */
export function skipValue(b: Uint8Array, p: number): number {
  let c = b[p]!;
  if (c === 34) return skipString(b, p);
  if (c === 123 || c === 91) return skipNested(b, p);
  const start = p;
  while (c !== 44 && c !== 125 && c !== 93 && c > 32 && c !== END) c = b[++p]!;
  if (c === END) throw INCOMPLETE;
  if (p === start) throw new JsonError(`unexpected ${shown(String.fromCharCode(c))}`, p);
  return p;
}

function skipNested(b: Uint8Array, p: number): number {
  let depth = 0;
  for (;;) {
    const c = b[p]!;
    // Digits, points, commas and blanks: most of a nested value.
    if (c < 91 && c !== 34) {
      p++;
      continue;
    }
    if (c === 34) {
      p = skipString(b, p);
      continue;
    }
    if (c === 123 || c === 91) depth++;
    else if (c === 125 || c === 93) {
      if (--depth === 0) return p + 1;
    } else if (c === END) throw INCOMPLETE;
    p++;
  }
}

/** Steps over one byte. */
export function expectByte(b: Uint8Array, p: number, byte: number): number {
  const c = b[p]!;
  if (c === byte) return p + 1;
  if (c === END) throw INCOMPLETE;
  throw new JsonError(`unexpected ${shown(String.fromCharCode(c))} instead of ${String.fromCharCode(byte)}`, p);
}
