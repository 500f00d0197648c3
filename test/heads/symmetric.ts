/** Values 2u - 1 in [-1, 1) from integer hashes of a name: the recorded goldens were made with the same. */
export function symmetric(name: string, count: number): Float64Array {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (hash ^ Math.imul(i, 0x9e3779b9)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return (2 * ((x ^ (x >>> 16)) >>> 0)) / 4294967296 - 1;
  });
}

/** [channels, height, width] -> [height, width, channels]. */
export function toChannelsLast(values: ArrayLike<number>, channels: number, cells: number): Float32Array {
  const out = new Float32Array(channels * cells);
  for (let c = 0; c < channels; c++) for (let i = 0; i < cells; i++) out[i * channels + c] = values[c * cells + i]!;
  return out;
}
