import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { expect, test } from 'vitest';
import { decodeDeep, deepFormat } from '../../../datasets/decode/decodeDeep.js';
import { readImageSize } from '../../../datasets/decode/header.js';
import { shownImage } from '../../../datasets/decode/shown.js';
import { withIntensity } from '../../../datasets/deepImages.js';
import { openData } from '../../../datasets/index.js';
import { failure, folderWith, greyPng } from '../folder.js';
import { drawTiff } from './drawTiff.js';

const DEEP = Uint16Array.of(0, 1, 4095, 65_535, 256, 257);

test('a 16-bit PNG keeps every value, and its alpha is dropped', async () => {
  const grey = await decodeDeep(encode({ data: DEEP, width: 3, height: 2, channels: 1, depth: 16 }));
  expect(grey).toMatchObject({ width: 3, height: 2, data: DEEP });
  expect(grey.statistics?.channels[0]).toMatchObject({ least: 0, most: 65_535 });
  const both = Uint16Array.from(DEEP, (value) => value); // three pixels of grey and alpha
  const alpha = await decodeDeep(encode({ data: both, width: 3, height: 1, channels: 2, depth: 16 }));
  expect([...alpha.data]).toEqual([0, 4095, 256]);
});

test('TIFFs of 8, 16 and 32 bits keep theirs, with all channels and any page', async () => {
  const page = { width: 2, height: 1, channels: 1 } as const;
  const signed = drawTiff(
    { ...page, type: 'int16', values: [-32_768, 4071] },
    { ...page, type: 'int16', values: [5, -6] },
  );
  expect((await decodeDeep(signed)).data).toEqual(Int16Array.of(-32_768, 4071));
  expect((await decodeDeep(signed, { page: 1 })).data).toEqual(Int16Array.of(5, -6));
  const float = drawTiff({ ...page, type: 'float32', values: [-0.125, 3e30] });
  expect((await decodeDeep(float)).data).toEqual(Float32Array.of(-0.125, 3e30));
  const wide = drawTiff({ ...page, type: 'uint32', values: [70_000, 16_777_216] });
  expect((await decodeDeep(wide)).data).toEqual(Float32Array.of(70_000, 16_777_216));
  const bands = drawTiff({
    width: 1,
    height: 1,
    channels: 5,
    type: 'uint16',
    values: [1, 2, 3, 4, 5],
    photometric: 2,
    extra: [0, 0],
  });
  expect((await decodeDeep(bands)).data).toEqual(Uint16Array.of(1, 2, 3, 4, 5));
});

test('a JPEG or palette stays 8-bit RGB', async () => {
  const folder = folderWith({ 'a.png': greyPng(2, 2, 7) });
  expect(deepFormat(await readImageSize(join(folder, 'a.png')))).toEqual({ type: 'uint8', channels: 1 });
  expect((await decodeDeep(join(folder, 'a.png'))).data).toEqual(Uint8Array.of(7, 7, 7, 7));
});

test('for the eye an image is shown between its percentiles, and RGB as it is', () => {
  const data = Int16Array.from({ length: 201 }, (_, i) => i - 100);
  const statistics = {
    channels: [{ least: -100, most: 100, mean: 0, std: 50, low: -100, high: 100, nonZero: { mean: 0, std: 50 } }],
    cropped: 1,
  };
  const shown = shownImage({ data, width: 201, height: 1, statistics });
  expect([shown.data[0], shown.data[300], shown.data[602]]).toEqual([0, 127, 255]);
  const rgb = { data: Uint8Array.of(1, 2, 3), width: 1, height: 1 };
  expect(shownImage(rgb)).toBe(rgb);
  expect([...shownImage({ data: new Float32Array(1).fill(Number.NaN), width: 1, height: 1 }).data]).toEqual([0, 0, 0]);
});

test('a data set says what its images are, and images of other channels are refused with both names', async () => {
  const deep = encode({ data: DEEP, width: 3, height: 2, channels: 1, depth: 16 });
  const masks = { 'masks/a.png': greyPng(3, 2, [0, 1, 0, 1, 0, 1]), 'masks/b.png': greyPng(3, 2, 0) };
  const root = folderWith({ 'images/a.png': deep, 'images/b.png': greyPng(3, 2, 9), ...masks });
  const request = { split: 'train' } as const;
  const dataset = await openData({ kind: 'masks', root, intensity: 'zscore' }, 'classMap', request);
  expect(dataset?.deep).toEqual({ type: 'uint16', channels: 1, rule: 'zscore' });
  expect((await dataset?.get(0))?.image.data).toEqual(DEEP);
  const eye = await openData({ kind: 'masks', root }, 'classMap', request);
  expect(eye?.deep).toBeUndefined();
  expect((await eye?.get(0))?.image.data).toHaveLength(18);
  writeFileSync(
    join(root, 'images/b.png'),
    encode({ data: new Uint8Array(18), width: 3, height: 2, channels: 3, depth: 8 }),
  );
  expect(eye && (await failure(withIntensity(eye, 'range')))).toMatch(
    /b\.png'?: it has 3 channels, images\/a\.png has 1: .*leave it at rgb/,
  );
});
