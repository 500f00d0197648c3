/** Values from integer hashes: the same bits in every language, so that what is compared needs no files. Version 1. */

/** FNV-1a of a name. */
export function formulaHash(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** Uniform in [0, 1), exact in float64. */
export function formulaUnit(hash: number, index: number): number {
  let x = (hash ^ Math.imul(index, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
}

/** [1, height, width, 3] values in [-1, 1): each is hashed from its place in NCHW order. */
export function formulaImage(height: number, width: number): Float32Array {
  const hash = formulaHash('input');
  const values = new Float32Array(height * width * 3);
  for (let channel = 0; channel < 3; channel++) {
    for (let pixel = 0; pixel < height * width; pixel++) {
      values[pixel * 3 + channel] = 2 * formulaUnit(hash, channel * height * width + pixel) - 1;
    }
  }
  return values;
}
