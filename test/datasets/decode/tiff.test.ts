import { describe, expect, it } from 'vitest';
import { readTiffHeader } from '../../../datasets/decode/tiff.js';
import { drawTiff } from './drawTiff.js';

const header = (bytes: Uint8Array) => readTiffHeader((offset, count) => bytes.subarray(offset, offset + count));
const page = { width: 3, height: 2, type: 'uint8', values: [1, 2, 3, 4, 5, 6] } as const;

describe('the header of a TIFF', () => {
  it('is read in both byte orders', () => {
    const [short, long] = [3, 4];
    const entry = (tag: number, type: number, value: number) =>
      type === short
        ? [0, tag >> 8, tag & 255, 0, type, 0, 0, 0, 1, 0, value, 0, 0].slice(1)
        : [tag >> 8, tag & 255, 0, type, 0, 0, 0, 1, 0, 0, 0, value];
    const tags = [
      entry(256, long, 7),
      entry(257, short, 5),
      entry(258, short, 16),
      entry(274, short, 6),
      entry(339, short, 2),
    ];
    const big = Uint8Array.from([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, tags.length, ...tags.flat(), 0, 0, 0, 0]);
    expect(header(big)).toMatchObject({
      width: 7,
      height: 5,
      bits: 16,
      orientation: 6,
      sampleFormat: 2,
      channels: 1,
      pages: 1,
    });
    expect(header(drawTiff(page))).toMatchObject({
      width: 3,
      height: 2,
      bits: 8,
      orientation: 1,
      sampleFormat: 1,
      pages: 1,
    });
  });

  it('counts pages without end once', () => {
    const looped = drawTiff(page, page);
    const view = new DataView(looped.buffer);
    const first = view.getUint32(4, true);
    /** Where a directory names the next one. */
    const next = (directory: number): number => directory + 2 + 12 * view.getUint16(directory, true);
    view.setUint32(next(view.getUint32(next(first), true)), first, true);
    expect(header(looped).pages).toBe(2);
  });

  it('is refused when it is cut off anywhere or claims what cannot be', () => {
    const whole = drawTiff(page);
    const directory = new DataView(whole.buffer).getUint32(4, true);
    for (let length = 8; length < directory + 2 + 12 * 12 + 4; length++) {
      expect(() => header(whole.subarray(0, length))).toThrow(/TIFF/);
    }
    const changed = (at: number, value: number) => {
      const bytes = whole.slice();
      new DataView(bytes.buffer).setUint16(at, value, true);
      return bytes;
    };
    expect(() => header(changed(directory, 0))).toThrow('damaged TIFF: a directory of 0 entries');
    expect(() => header(changed(directory, 65535))).toThrow('damaged TIFF: a directory of 65535 entries');
    expect(() => header(changed(directory + 2 + 12 + 8, 0))).toThrow('damaged TIFF: it declares no pixels');
  });
});
