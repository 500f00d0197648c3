import type { RgbCanvas } from './op.js';

/** What becomes of every value: one table for each channel. Kept from image to image. */
const tables = [new Uint8Array(256), new Uint8Array(256), new Uint8Array(256)] as const;
const counts = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(256)] as const;

/** Replaces every value by `of(value)`, the same in every channel; what is outside of 0..255 is clipped. */
export function lookUp(canvas: RgbCanvas, of: (value: number) => number): void {
  const [table] = tables;
  for (let value = 0; value < 256; value++) table[value] = Math.min(255, Math.max(0, of(value)));
  replace(canvas, table, table, table);
}

/** The same with a table for each channel, which `of` makes of how often each value is there. */
export function lookUpEach(canvas: RgbCanvas, of: (counts: Uint32Array, table: Uint8Array) => void): void {
  countValues(canvas);
  counts.forEach((found, c) => {
    of(found, tables[c as 0 | 1 | 2]);
  });
  replace(canvas, ...tables);
}

function countValues({ pixels, width, region }: RgbCanvas): void {
  const [red, green, blue] = counts;
  for (const count of counts) count.fill(0);
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * 3;
    for (let at = (y * width + region.left) * 3; at < end; at += 3) {
      red[pixels[at] as number]!++;
      green[pixels[at + 1] as number]!++;
      blue[pixels[at + 2] as number]!++;
    }
  }
}

function replace({ pixels, width, region }: RgbCanvas, red: Uint8Array, green: Uint8Array, blue: Uint8Array): void {
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * 3;
    for (let at = (y * width + region.left) * 3; at < end; at += 3) {
      pixels[at] = red[pixels[at] as number] as number;
      pixels[at + 1] = green[pixels[at + 1] as number] as number;
      pixels[at + 2] = blue[pixels[at + 2] as number] as number;
    }
  }
}
