import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drawTiff, type TiffType } from './drawTiff.js';

type Decode = typeof import('../../../datasets/decode/index.js');

let decode: Decode;
let notes: string[];

/** The first channel of every pixel; `notes` are what was told. */
async function grey(bytes: Uint8Array): Promise<number[]> {
  notes = [];
  const onNote = (note: Parameters<Decode['describePixels']>[0]) => void notes.push(decode.describePixels(note));
  const { data } = await decode.decodeImage(bytes, { onNote });
  return [...data].filter((_, i) => i % 3 === 0);
}

const rgb = async (bytes: Uint8Array): Promise<number[]> => [...(await decode.decodeImage(bytes, { onNote })).data];
const onNote = (note: Parameters<Decode['describePixels']>[0]) => void notes.push(decode.describePixels(note));

const greyTiff = (type: TiffType, values: readonly number[], more = {}): Uint8Array =>
  drawTiff({ width: values.length, height: 1, type, values, ...more });

async function load(decoder: 'sharp' | 'js'): Promise<void> {
  vi.resetModules();
  vi.stubEnv('ESPALIER_DECODER', decoder);
  decode = await import('../../../datasets/decode/index.js');
  notes = [];
}
afterEach(() => vi.unstubAllEnvs());

describe('samples of other types than 8 bits', () => {
  beforeEach(() => load('sharp'));

  it.each<[TiffType, readonly number[], readonly number[], string]>([
    ['uint16', [0, 16, 2048, 4071], [0, 1, 128, 254], 'uint16, brightest 4,071: scaled by 1/16'],
    ['uint16', [0, 255, 256, 65535], [0, 0, 1, 255], 'uint16, brightest 65,535: scaled by 1/256'],
    ['uint16', [0, 512, 1000, 1023], [0, 128, 250, 255], 'uint16, brightest 1,023: scaled by 1/4'],
    ['uint16', [0, 1, 100, 200], [0, 1, 100, 200], 'uint16, brightest 200: taken as 8 bits'],
    ['int16', [0, 16, 2048, 4071], [0, 1, 128, 254], 'int16, brightest 4,071: scaled by 1/16'],
    ['int16', [-1024, 0, 1000, 3071], [0, 51, 101, 204], 'int16, -1,024 to 3,071: -1,024 to 4,095 shown as 0 to 255'],
    [
      'int16',
      [-32768, -1, 0, 32767],
      [0, 127, 128, 255],
      'int16, -32,768 to 32,767: -32,768 to 32,767 shown as 0 to 255',
    ],
    ['int8', [-128, -1, 0, 127], [0, 127, 128, 255], 'int8, -128 to 127: -128 to 127 shown as 0 to 255'],
    [
      'uint32',
      [0, 2 ** 24, 2 ** 31, 2 ** 32 - 1],
      [0, 1, 128, 255],
      'uint32, brightest 4,294,967,295: scaled by 1/16777216',
    ],
    ['int32', [-5, 0, 100_000, 262_143], [0, 0, 97, 255], 'int32, -5 to 262,143: -256 to 262,143 shown as 0 to 255'],
    ['float32', [0, 0.1, 0.5, 1], [0, 26, 128, 255], 'float32, brightest 1: 0 to 1 shown as 0 to 255'],
    ['float32', [0, 0.1, 0.5, 0.626], [0, 26, 128, 160], 'float32, brightest 0.626: 0 to 1 shown as 0 to 255'],
    ['float32', [0, 0.5, 1, 1.02], [0, 128, 255, 255], 'float32, brightest 1.02: 0 to 1 shown as 0 to 255'],
    ['float32', [0, 0.01, 0.03, 0.05], [0, 41, 122, 204], 'float32, brightest 0.05: 0 to 0.0625 shown as 0 to 255'],
    ['float32', [0, 1, 200, 255], [0, 1, 200, 255], 'float32, brightest 255: 0 to 255 shown as 0 to 255'],
    ['float32', [0, 2048, 4000, 4095], [0, 128, 249, 255], 'float32, brightest 4,095: 0 to 4,095 shown as 0 to 255'],
    ['float32', [-2.1, 0, 1, 2.6], [61, 128, 159, 210], 'float32, -2.1 to 2.6: -4 to 4 shown as 0 to 255'],
    [
      'float32',
      [0, 0, 0, 0],
      [0, 0, 0, 0],
      'float32, brightest 0: 0 to 1 shown as 0 to 255, nearly black (99 % below 16 of 255): scale them and save them as 8 bits',
    ],
    [
      'float32',
      [Number.NaN, 0.5, -3.4e38, 1],
      [0, 128, 0, 255],
      'float32, brightest 1: 0 to 1 shown as 0 to 255, 2 values that are no numbers shown as the darkest',
    ],
  ])('%s %j are shown as %j', async (type, values, shown, note) => {
    expect(await grey(greyTiff(type, values))).toEqual(shown);
    expect(notes).toEqual([note]);
  });

  it('say so when a few bright ones leave the rest black', async () => {
    const values = Array<number>(199).fill(900).concat(65535);
    expect(new Set(await grey(greyTiff('uint16', values)))).toEqual(new Set([3, 255]));
    expect(notes[0]).toBe(
      'uint16, brightest 65,535: scaled by 1/256, nearly black (99 % below 16 of 255): scale them and save them as 8 bits',
    );
  });

  it.each<[TiffType, readonly number[], readonly number[]]>([
    ['uint8', [0, 100, 255], [255, 155, 0]],
    ['uint16', [0, 2048, 4071], [255, 127, 1]],
    ['float32', [0, 0.5, 1], [255, 127, 0]],
  ])('%s whose zero is white are turned after they are scaled', async (type, values, shown) => {
    expect(await grey(greyTiff(type, values, { photometric: 0 }))).toEqual(shown);
  });

  it('are refused by name where they are not read, and where none is a number', async () => {
    await expect(grey(greyTiff('float64', [0, 1]))).rejects.toThrow(
      /samples are float64, which is not read: save it as float32/,
    );
    await expect(grey(greyTiff('float32', [Number.NaN, Number.POSITIVE_INFINITY]))).rejects.toThrow(
      /none of its samples is a finite number/,
    );
  });

  it('are the same packed, in tiles, in a BigTIFF and turned by EXIF', async () => {
    const data = Uint16Array.from({ length: 40 * 20 }, (_, i) => i * 5);
    const raw = sharp(data, { raw: { width: 40, height: 20, channels: 1 } }).toColourspace('grey16');
    const plain = await raw.clone().tiff({ compression: 'none' }).toBuffer();
    const expected = await grey(plain);
    expect(expected[799]).toBe((799 * 5) >> 4);
    for (const options of [
      { compression: 'lzw', predictor: 'horizontal' },
      { compression: 'deflate', tile: true, tileWidth: 16, tileHeight: 16 },
      { compression: 'none', bigtiff: true },
    ] as const) {
      expect(await grey(await raw.clone().tiff(options).toBuffer())).toEqual(expected);
    }
    const turned = await raw.clone().withMetadata({ orientation: 6 }).tiff().toBuffer();
    const image = await decode.decodeImage(turned, { onNote });
    expect([image.width, image.height]).toEqual([20, 40]);
    expect(image.data[19 * 3]).toBe(expected[0]);
  });
});

describe('channels of a TIFF', () => {
  beforeEach(() => load('sharp'));
  const pixel = (values: readonly number[], photometric: number, extra: readonly number[] = []) =>
    drawTiff({ width: 1, height: 1, type: 'uint8', channels: values.length, values, photometric, extra });

  it('of colour and alpha are read in silence', async () => {
    expect(await rgb(pixel([10], 1))).toEqual([10, 10, 10]);
    expect(await rgb(pixel([10, 60, 110], 2))).toEqual([10, 60, 110]);
    expect(await rgb(pixel([10, 60, 110, 160], 2, [2]))).toEqual([10, 60, 110]);
    expect(await rgb(pixel([10, 200], 1, [2]))).toEqual([10, 10, 10]);
    expect(await rgb(pixel([0, 55, 255, 55], 5))).toEqual([200, 157, 0]);
    expect(notes).toEqual([]);
  });

  it('beyond red, green and blue are left out and told', async () => {
    expect(await rgb(pixel([10, 60, 110, 160], 2, [0]))).toEqual([10, 60, 110]);
    expect(await rgb(pixel([10, 60, 110, 160, 210, 250], 2, [0, 0, 0]))).toEqual([10, 60, 110]);
    expect(await rgb(pixel([10, 60, 110], 1, [0, 0]))).toEqual([10, 60, 110]);
    expect(notes).toEqual([
      '4 channels: the first three are used as red, green and blue',
      '6 channels: the first three are used as red, green and blue',
      '3 channels: the first three are used as red, green and blue',
    ]);
  });

  it('that are said to be alpha are told when they look like a colour', async () => {
    const row = (channels: number, extra: (i: number) => number) =>
      drawTiff({
        width: 8,
        height: 1,
        type: 'uint8',
        channels,
        photometric: channels === 4 ? 2 : 1,
        extra: [2],
        values: Array.from({ length: 8 * channels }, (_, i) =>
          i % channels === channels - 1 ? extra(i) : 10 * (i % channels),
        ),
      });
    for (const opacity of [() => 255, (i: number) => (i < 9 ? 0 : 255), () => 128]) {
      expect((await rgb(row(4, opacity))).slice(0, 3)).toEqual([0, 10, 20]);
      expect((await rgb(row(2, opacity))).slice(0, 3)).toEqual([0, 0, 0]);
    }
    expect(notes).toEqual([]);
    expect((await rgb(row(4, (i) => 100 + i))).slice(0, 3)).toEqual([0, 10, 20]);
    expect((await rgb(row(2, (i) => 100 + i))).slice(0, 3)).toEqual([0, 0, 0]);
    expect(notes).toEqual([
      '4 channels: the first three are used as red, green and blue',
      '2 channels: the first is used as grey',
    ]);
  });

  it.each([2, 4, 5, 6])('that do not say what they show are refused: %i of them', async (count) => {
    const bytes = pixel([10, 60, 110, 160, 210, 250].slice(0, count), 1, Array(count - 1).fill(0));
    await expect(rgb(bytes)).rejects.toThrow(`it has ${count} channels and does not say which are red, green and blue`);
  });

  it('of other colours than grey, RGB, palette and CMYK are refused', async () => {
    await expect(rgb(pixel([10, 60, 110], 8))).rejects.toThrow(
      /TIFF's kind 8, which is not read: save it as grey or RGB/,
    );
  });
});

describe('pages', () => {
  beforeEach(() => load('sharp'));
  const page = (value: number, more = {}) =>
    ({ width: 1, height: 1, type: 'uint8', values: [value], ...more }) as const;

  it('after the first are told, smaller copies are not', async () => {
    expect(await grey(drawTiff(page(10), page(60), page(110)))).toEqual([10]);
    expect(notes).toEqual(['3 pages: only the first is used']);
    expect(await grey(drawTiff(page(10), page(60, { subfile: 1 })))).toEqual([10]);
    expect(notes).toEqual([]);
  });

  it('of a GIF are told, too', async () => {
    const frames = await sharp(
      [10, 200].map((value) => ({
        create: { width: 2, height: 2, channels: 3, background: { r: value, g: value, b: value } },
      })) as never,
      { join: { animated: true } },
    )
      .gif()
      .toBuffer();
    expect(await grey(frames)).toEqual([10, 10, 10, 10]);
    expect(notes).toEqual(['2 pages: only the first is used']);
  });

  it('are refused when the first is a smaller copy, as in raw photos', async () => {
    await expect(grey(drawTiff(page(10, { subfile: 1 }), page(60)))).rejects.toThrow(/a smaller copy of another/);
  });
});

describe.each(['sharp', 'js'] as const)('PNG of 16 bits with %s', (decoder) => {
  beforeEach(() => load(decoder));

  it.each([
    ['grey', 1, [0, 2048, 4071], [0, 0, 0, 128, 128, 128, 254, 254, 254]],
    ['RGB', 3, [0, 2048, 4071], [0, 128, 254]],
    ['grey and alpha, which does not count', 2, [2048, 65535], [128, 128, 128]],
    ['RGB and alpha, which does not count', 4, [0, 2048, 4071, 65535], [0, 128, 254]],
  ] as const)('scales 12 bits of %s', async (_what, channels, samples, shown) => {
    const data = Uint16Array.from(samples);
    const bytes = encode({ data, width: data.length / channels, height: 1, channels, depth: 16 });
    expect(await rgb(bytes)).toEqual([...shown]);
    expect(notes).toEqual([`uint16, brightest ${channels === 2 ? '2,048' : '4,071'}: scaled by 1/16`]);
  });
});

describe('without a listener', () => {
  beforeEach(() => load('sharp'));

  it('the process is warned once for every way of scaling', async () => {
    const warnings: string[] = [];
    const listen = ({ name, message }: Error) => void (name === 'EspalierWarning' && warnings.push(message));
    process.on('warning', listen);
    for (const brightest of [4071, 4000, 65535]) await decode.decodeImage(greyTiff('uint16', [0, brightest]));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', listen);
    expect(warnings.map((text) => text.replace(/ \(.*/, ''))).toEqual([
      'image bytes: uint16, brightest 4,071: scaled by 1/16',
      'image bytes: uint16, brightest 65,535: scaled by 1/256',
    ]);
  });
});
