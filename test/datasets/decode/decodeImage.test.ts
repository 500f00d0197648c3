import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RgbPixels } from '../../../datasets/sample.js';
import { dataMissing, dataPath } from '../../data.js';

type Decode = typeof import('../../../datasets/decode/index.js');

/** By name: each decoder loads its own copy of the modules. */
const DATA_ERROR = { name: 'DataError', exitCode: 1 };

const folder = mkdtempSync(join(tmpdir(), 'decode-'));
const put = (name: string, bytes: Uint8Array): string => {
  const file = join(folder, name);
  writeFileSync(file, bytes);
  return file;
};

const meanDifference = (a: RgbPixels, b: RgbPixels): number => {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - (b.data[i] as number)), 0) / a.data.length;
};

/** Smooth, not symmetric under any flip or turn. */
const picture = (width: number, height: number): RgbPixels => {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [(i % width) / width, Math.floor(i / width) / height];
    data.set([x * 255, y * 200, 40 + 100 * x * y], i * 3);
  }
  return { data, width, height };
};

const toJpeg = ({ data, width, height }: RgbPixels): Uint8Array => {
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let i = 0; i < width * height; i++) rgba.set(data.subarray(i * 3, i * 3 + 3), i * 4);
  return new Uint8Array(jpeg.encode({ data: rgba, width, height }, 95).data);
};

const withOrientation = (bytes: Uint8Array, orientation: number): Uint8Array => {
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0];
  const body = [0x45, 0x78, 0x69, 0x66, 0, 0, ...tiff];
  return Uint8Array.from([0xff, 0xd8, 0xff, 0xe1, 0, body.length + 2, ...body, ...bytes.subarray(2)]);
};

describe.each(['sharp', 'js'] as const)('decodeImage with %s', (decoder) => {
  let decode: Decode;
  /** The pure-JS decoder repeats subsampled colour where the references interpolate it. */
  const closeness = decoder === 'js' ? 8 : 2;
  beforeEach(async () => {
    vi.resetModules();
    vi.stubEnv('ESPALIER_DECODER', decoder);
    decode = await import('../../../datasets/decode/index.js');
  });
  afterEach(() => vi.unstubAllEnvs());

  it('gives back the RGB of a PNG exactly, from a file and from bytes', async () => {
    const image = picture(37, 23);
    const bytes = decode.encodePng(image);
    const file = put('rgb.png', bytes);
    expect(Buffer.from((await decode.decodeImage(bytes)).data).equals(Buffer.from(image.data))).toBe(true);
    expect(await decode.decodeImage(file)).toMatchObject({ width: 37, height: 23 });
    expect(await decode.readImageSize(file)).toMatchObject({ width: 37, height: 23, format: 'png', orientation: 1 });
  });

  it.each([
    ['grey', 1, 8, [7, 200], [7, 7, 7, 200, 200, 200]],
    ['grey with alpha, which it drops', 2, 8, [7, 0, 200, 9], [7, 7, 7, 200, 200, 200]],
    ['RGBA, whose alpha it drops', 4, 8, [1, 2, 3, 0, 4, 5, 6, 255], [1, 2, 3, 4, 5, 6]],
    ['16-bit grey', 1, 16, [0x1234, 0xffff], [0x12, 0x12, 0x12, 255, 255, 255]],
    ['16-bit RGB', 3, 16, [0, 256, 512, 65535, 32768, 4095], [0, 1, 2, 255, 128, 15]],
  ] as const)('reads %s', async (_what, channels, depth, samples, expected) => {
    const data = depth === 16 ? Uint16Array.from(samples) : Uint8Array.from(samples);
    const bytes = encode({ data, width: 2, height: 1, channels, depth });
    expect([...(await decode.decodeImage(bytes)).data]).toEqual([...expected]);
  });

  it('turns every EXIF orientation upright', async () => {
    const stored = toJpeg(picture(48, 32));
    const upright = await decode.decodeImage(stored);
    const at = (image: RgbPixels, x: number, y: number) => image.data[(y * image.width + x) * 3] as number;
    // Where the stored top left corner and top right corner end up, from the table of the EXIF standard.
    const corners: { [orientation: number]: [string, string] } = {
      1: ['TL', 'TR'],
      2: ['TR', 'TL'],
      3: ['BR', 'BL'],
      4: ['BL', 'BR'],
      5: ['TL', 'BL'],
      6: ['TR', 'BR'],
      7: ['BR', 'TR'],
      8: ['BL', 'TL'],
    };
    for (const [orientation, [topLeft, topRight]] of Object.entries(corners)) {
      const file = put(`o${orientation}.jpg`, withOrientation(stored, Number(orientation)));
      const image = await decode.decodeImage(file);
      const size = await decode.readImageSize(file);
      expect([size.width, size.height]).toEqual(Number(orientation) >= 5 ? [32, 48] : [48, 32]);
      expect([image.width, image.height]).toEqual([size.width, size.height]);
      const corner = (name: string) =>
        at(image, name[1] === 'L' ? 0 : image.width - 1, name[0] === 'T' ? 0 : image.height - 1);
      expect(corner(topLeft)).toBe(at(upright, 0, 0));
      expect(corner(topRight)).toBe(at(upright, 47, 0));
    }
  });

  it('skips stray bytes between the segments of a JPEG', async () => {
    const bytes = toJpeg(picture(20, 10));
    const stray = Buffer.concat([bytes.subarray(0, 20), Buffer.from([1, 2, 3]), bytes.subarray(20)]);
    const file = put('stray.jpg', stray);
    expect(stray[23]).toBe(0xff);
    expect(await decode.readImageSize(file)).toMatchObject({ width: 20, height: 10 });
  });

  it('names a truncated JPEG and a truncated PNG in one sentence', async () => {
    const jpegFile = put('cut.jpg', toJpeg(picture(200, 100)).subarray(0, 1500));
    const pngFile = put('cut.png', decode.encodePng(picture(64, 64)).subarray(0, 400));
    for (const file of [jpegFile, pngFile]) {
      const error = await decode.decodeImage(file).catch((e: unknown) => e);
      expect(error).toMatchObject(DATA_ERROR);
      expect((error as Error).message).toContain(file);
      expect((error as Error).message).not.toContain('\n');
    }
  });

  it('refuses a missing file, an empty one, text, and a declared size beyond the limit', async () => {
    const huge = decode.encodePng(picture(4, 4));
    new DataView(huge.buffer, huge.byteOffset).setUint32(16, 100_000);
    new DataView(huge.buffer, huge.byteOffset).setUint32(20, 100_000);
    const { crc32 } = await import('node:zlib');
    new DataView(huge.buffer, huge.byteOffset).setUint32(29, crc32(huge.subarray(12, 29)));
    await expect(decode.decodeImage(join(folder, 'none.png'))).rejects.toThrow(/none.png: there is no such file/);
    await expect(decode.readImageSize(join(folder, 'none.png'))).rejects.toThrow(/there is no such file/);
    await expect(decode.decodeImage(put('empty.png', new Uint8Array()))).rejects.toThrow(/the file is empty/);
    await expect(decode.decodeImage(put('text.jpg', Buffer.from('hello there')))).rejects.toMatchObject(DATA_ERROR);
    await expect(decode.decodeImage(put('huge.png', huge))).rejects.toThrow(/100000x100000 pixels are more than/);
    await expect(decode.decodeImage(decode.encodePng(picture(11, 10)), { maxPixels: 100 })).rejects.toThrow(/Mpx/);
  });

  describe.skipIf(dataMissing)(`on real files (${dataMissing ?? 'present'})`, () => {
    it('shows all nine EXIF landscapes the same way up', async () => {
      const upright = await decode.decodeImage(dataPath('exif_orientation/Landscape_1.jpg'));
      expect([upright.width, upright.height]).toEqual([1800, 1200]);
      for (const n of decoder === 'js' ? [0, 6] : [0, 2, 3, 4, 5, 6, 7, 8]) {
        const file = dataPath(`exif_orientation/Landscape_${n}.jpg`);
        expect(await decode.readImageSize(file)).toMatchObject({ width: 1800, height: 1200 });
        expect(meanDifference(await decode.decodeImage(file), upright)).toBeLessThan(6);
      }
    });

    it.each([
      ['jpeg-js/cmyk-grey', 300, 389],
      ['jpeg-js/tree-cmyk', 400, 250],
      ['image-rs/reftest/mozilla/jpg-cmyk-1', 32, 32],
      ['image-rs/reftest/mozilla/jpg-gray', 32, 32],
      ['image-rs/reftest/mozilla/jpg-progressive', 32, 32],
      ['image-rs/reftest/mozilla/jpg-size-17x17', 17, 17],
      ['image-rs/reftest/16bit-qtables', 640, 480],
      ['image-rs/reftest/grayscale_16x24_sampling2x2', 16, 24],
    ])('reads %s', async (name) => {
      const file = dataPath(`jpeg_oddities/${name}.jpg`);
      const image = await decode.decodeImage(file);
      const size = await decode.readImageSize(file);
      expect([image.width, image.height]).toEqual([size.width, size.height]);
      const reference = name.includes('reftest') ? `jpeg_oddities/${name}.png` : undefined;
      if (reference)
        expect(meanDifference(image, await decode.decodeImage(dataPath(reference)))).toBeLessThan(closeness);
    });

    it('subtracts the ink of a CMYK tree to the colours of its RGB twin', async () => {
      const cmyk = await decode.decodeImage(dataPath('jpeg_oddities/jpeg-js/tree-cmyk.jpg'));
      const rgb = await decode.decodeImage(dataPath('jpeg_oddities/jpeg-js/tree-rgb.jpg'));
      expect(meanDifference(cmyk, rgb)).toBeLessThan(25);
    });

    it.each([
      'empty',
      'missing-sof',
      'missing-sos',
      'null_height',
      'max_size',
      'invalid-dimensions',
      'missing-frame-image-1410',
    ])('refuses %s.jpg with a DataError', async (name) => {
      const file = dataPath(`jpeg_oddities/image-rs/crashtest/${name}.jpg`);
      await expect(decode.decodeImage(file)).rejects.toMatchObject(DATA_ERROR);
    });

    it.each(['xc1n0g08', 'xcrn0g04', 'xd0n2c08', 'xd3n2c08', 'xdtn0g01', 'xs1n0g01', 'xs2n0g01'])(
      'refuses the corrupt %s.png with a DataError',
      async (name) => {
        await expect(decode.decodeImage(dataPath(`pngsuite/${name}.png`))).rejects.toMatchObject(DATA_ERROR);
      },
    );
  });
});

describe.skipIf(dataMissing)(`the two decoders (${dataMissing ?? 'present'})`, () => {
  it('agree on every valid file of the PNG suite, interlaced or not', async () => {
    const { readdirSync } = await import('node:fs');
    const both: Decode[] = [];
    for (const name of ['sharp', 'js']) {
      vi.resetModules();
      vi.stubEnv('ESPALIER_DECODER', name);
      both.push(await import('../../../datasets/decode/index.js'));
      await both.at(-1)?.decodeImage(dataPath('pngsuite/basn2c08.png'));
      vi.unstubAllEnvs();
    }
    const files = readdirSync(dataPath('pngsuite')).filter((f) => f.endsWith('.png') && !f.startsWith('x'));
    expect(files.length).toBeGreaterThan(100);
    for (const file of files) {
      const bytes = readFileSync(dataPath('pngsuite', file));
      const [a, b] = [await (both[0] as Decode).decodeImage(bytes), await (both[1] as Decode).decodeImage(bytes)];
      expect(`${file} ${meanDifference(a, b) <= 0.5}`).toBe(`${file} true`);
    }
  });
});
