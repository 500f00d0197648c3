import sharp from 'sharp';
import { expect, test } from 'vitest';
import { decodeDeep } from '../../../datasets/decode/decodeDeep.js';
import { decodeMask } from '../../../datasets/decode/index.js';
import { drawTiff } from './drawTiff.js';

const size = { width: 3, height: 2 } as const;

test.each(['uint16', 'int16', 'uint32', 'int32', 'float32'] as const)(
  'a TIFF mask of %s keeps its values',
  async (type) => {
    const values = [0, 1, 255, 256, 4000, 32_767];
    const mask = await decodeMask(drawTiff({ ...size, type, values }));
    expect(mask).toMatchObject({ ...size, unit: 'value', depth: 16 });
    expect([...mask.data]).toEqual(values);
  },
);

test('what is no whole number is no mask', async () => {
  const values = [0, 1, 2, 3, 4, 0.5];
  await expect(decodeMask(drawTiff({ ...size, type: 'float32', values }))).rejects.toThrow(
    'mask bytes: a mask value is 0.5, whole numbers from 0 to 65535 are expected: is it an image?',
  );
  await expect(decodeMask(drawTiff({ ...size, type: 'int16', values: [0, 0, -1, 0, 0, 0] }))).rejects.toThrow('is -1');
});

test('tiles of a BigTIFF of 16 bits are put together', async () => {
  const data = Uint16Array.from({ length: 50 * 40 }, (_, i) => (i * 31) % 65_536);
  const raw = { width: 50, height: 40, channels: 1 } as const;
  const tiles = { tile: true, tileWidth: 16, tileHeight: 16, compression: 'deflate', bigtiff: true } as const;
  const bytes = await sharp(data, { raw }).toColourspace('grey16').tiff(tiles).toBuffer();
  expect(bytes[2]).toBe(43);
  expect((await decodeDeep(new Uint8Array(bytes))).data).toEqual(data);
  expect((await decodeMask(new Uint8Array(bytes))).data).toEqual(data);
});
