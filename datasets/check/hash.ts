import { createHash } from 'node:crypto';
import { decodeImage } from '../decode/decodeImage.js';
import type { Pixels, RgbPixels } from '../sample.js';

const COLUMNS = 9;
const ROWS = 8;

/** 64 bits that tell how brightness changes from left to right; images that look alike have the same. @source dHash, Krawetz 2013 */
export function perceptualHash({ data, width, height }: RgbPixels): string {
  const cells = Array.from({ length: COLUMNS * ROWS }, (_, i) => {
    const [column, row] = [i % COLUMNS, Math.floor(i / COLUMNS)];
    return meanOf(
      data,
      width,
      [column, column + 1].map((c) => (c * width) / COLUMNS),
      [row, row + 1].map((r) => (r * height) / ROWS),
    );
  });
  let bits = '';
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column + 1 < COLUMNS; column++) {
      const at = row * COLUMNS + column;
      bits += (cells[at] as number) < (cells[at + 1] as number) ? '1' : '0';
    }
  }
  const mean = cells.reduce((sum, value) => sum + value, 0) / cells.length;
  return `${BigInt(`0b${bits}`).toString(16).padStart(16, '0')} ${Math.round(mean)} ${Math.round((32 * width) / height)}`;
}

/** Mean of the samples of a cell, of at most 8 x 8 of its pixels. */
function meanOf(data: Uint8Array, width: number, xs: readonly number[], ys: readonly number[]): number {
  const [left = 0, right = 0] = xs;
  const [top = 0, bottom = 0] = ys;
  let [sum, count] = [0, 0];
  for (let j = 0; j < 8; j++) {
    for (let i = 0; i < 8; i++) {
      const x = Math.floor(left + ((i + 0.5) * (right - left)) / 8);
      const y = Math.floor(top + ((j + 0.5) * (bottom - top)) / 8);
      const at = (y * width + x) * 3;
      sum += (data[at] as number) + (data[at + 1] as number) + (data[at + 2] as number);
      count += 3;
    }
  }
  return sum / count;
}

/** The hash of an image file. @throws DataError as decodeImage */
export const hashFile = async (file: string): Promise<string> =>
  perceptualHash(await decodeImage(file, { onNote: () => {} }));

/** The digest of an image's values; of one of a single value `id`, as all of them are alike. */
export function hashValues({ data }: Pixels, id: string): string {
  if (data.every((value: number) => value === data[0])) return `constant ${id}`;
  return createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');
}
