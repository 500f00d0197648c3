import { readFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { encode } from 'fast-png';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { decodeMask, encodeIndexedPng, encodePng } from '../../../datasets/decode/index.js';
import { readPng } from '../../../datasets/decode/png.js';
import { DataError } from '../../../engine/errors.js';
import { dataMissing, dataPath } from '../../data.js';

const chunk = (name: string, body: Uint8Array): Uint8Array => {
  const bytes = Buffer.alloc(12 + body.length);
  bytes.writeUInt32BE(body.length, 0);
  bytes.write(name, 4, 'latin1');
  bytes.set(body, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
  return bytes;
};
const png = (header: readonly number[], data: Uint8Array): Uint8Array => {
  const [width = 0, height = 0, depth = 8, type = 0] = header;
  const ihdr = Buffer.alloc(13);
  ihdr.writeUInt32BE(width, 0);
  ihdr.writeUInt32BE(height, 4);
  ihdr.set([depth, type, 0, 0, 0], 8);
  const start = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([start, chunk('IHDR', ihdr), chunk('IDAT', deflateSync(data)), chunk('IEND', Buffer.alloc(0))]);
};

describe('decodeMask', () => {
  it('keeps palette indices, which are not the brightness of their colours', async () => {
    const data = Uint8Array.from([0, 1, 2, 2, 1, 0]);
    const bytes = encodeIndexedPng({ data, width: 3, height: 2 }, [
      [0, 0, 0],
      [128, 0, 0],
      [0, 128, 0],
    ]);
    const mask = await decodeMask(bytes);
    expect(mask).toMatchObject({ width: 3, height: 2, unit: 'value', depth: 8 });
    expect([...mask.data]).toEqual([...data]);
  });

  it('takes alpha for the mask where nothing else tells pixels apart, and drops it elsewhere', async () => {
    const rgba = (grey: readonly number[], alpha: readonly number[]) =>
      encode({
        data: Uint8Array.from(grey.flatMap((value, i) => [value, value, value, alpha[i] ?? 0])),
        width: 2,
        height: 1,
        channels: 4,
        depth: 8,
      });
    expect([...(await decodeMask(rgba([255, 255], [0, 255]))).data]).toEqual([0, 255]);
    expect([...(await decodeMask(rgba([0, 255], [255, 0]))).data]).toEqual([0, 255]);
    expect([...(await decodeMask(rgba([7, 7], [255, 255]))).data]).toEqual([7, 7]);
  });

  it('keeps 8-bit and 16-bit grey values and drops alpha', async () => {
    const grey = encode({ data: Uint8Array.from([0, 127, 255]), width: 3, height: 1, channels: 1, depth: 8 });
    const deep = encode({ data: Uint16Array.from([300, 65535]), width: 2, height: 1, channels: 1, depth: 16 });
    const alpha = encode({ data: Uint8Array.from([5, 255, 6, 0]), width: 2, height: 1, channels: 2, depth: 8 });
    expect([...(await decodeMask(grey)).data]).toEqual([0, 127, 255]);
    expect([...(await decodeMask(deep)).data]).toEqual([300, 65535]);
    expect(await decodeMask(alpha)).toMatchObject({ data: Uint8Array.from([5, 6]) });
  });

  it('refuses colour masks and JPEG masks and says what to do', async () => {
    const colour = encodePng({ data: Uint8Array.from([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), width: 2, height: 2 });
    await expect(decodeMask(colour)).rejects.toThrow(/colour mask.*give each colour in values/);
    await expect(decodeMask(Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]))).rejects.toThrow(
      /truncated image|JPEG changes the values/,
    );
  });

  it('refuses more image data than declared, less, an unknown filter and a huge declared size', async () => {
    await expect(decodeMask(png([1, 1], new Uint8Array(1e6)))).rejects.toThrow(/more image data than it declares/);
    await expect(decodeMask(png([9, 9], new Uint8Array(10)))).rejects.toThrow(/less image data than it declares/);
    await expect(decodeMask(png([1, 1], Uint8Array.from([9, 0])))).rejects.toThrow(/row filter 9/);
    await expect(decodeMask(png([65535, 65535], new Uint8Array(10)))).rejects.toThrow(/more than the 256 Mpx/);
    await expect(decodeMask(png([1, 1, 8, 3], new Uint8Array(2)))).rejects.toThrow(/without a palette/);
  });

  describe.skipIf(dataMissing)(`on real files (${dataMissing ?? 'present'})`, () => {
    it.each(['basn3p01', 'basn3p02', 'basn3p04', 'basn3p08', 'basi3p01', 'basi3p02', 'basi3p04', 'basi3p08'])(
      'reads the indices of %s: through the palette they give the colours another decoder gives',
      async (name) => {
        const bytes = readFileSync(dataPath(`pngsuite/${name}.png`));
        const { data } = await decodeMask(bytes);
        const palette = readPng(bytes).palette as Uint8Array;
        const rgba = PNG.sync.read(bytes).data;
        for (let i = 0; i < data.length; i++) {
          const index = data[i] as number;
          expect([...palette.subarray(index * 3, index * 3 + 3)]).toEqual([...rgba.subarray(i * 4, i * 4 + 3)]);
        }
      },
    );

    it('finds only 0 and 255 in a membrane mask and 22 % membrane', async () => {
      const mask = await decodeMask(dataPath('isbi2012_em/train/label/0.png'));
      const counts = new Map<number, number>();
      for (const value of mask.data) counts.set(value, (counts.get(value) ?? 0) + 1);
      expect([...counts.keys()].sort((a, b) => a - b)).toEqual([0, 255]);
      expect(mask.width * mask.height).toBe(512 * 512);
    });

    it.each(['xc1n0g08', 'xcrn0g04', 'xdtn0g01', 'xs1n0g01'])('refuses the corrupt %s', async (name) => {
      await expect(decodeMask(dataPath(`pngsuite/${name}.png`))).rejects.toThrow(DataError);
    });
  });
});
