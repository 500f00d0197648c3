import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { readVolume } from '../../../datasets/volumes/readVolume.js';
import { drawTiff } from '../decode/drawTiff.js';
import { failure, folderWith } from '../folder.js';

const VALUES = Int16Array.from({ length: 24 }, (_, i) => i * 100 - 700);
const raw = new Uint8Array(VALUES.buffer);
const read = (name: string, files: { readonly [name: string]: string | Uint8Array }) =>
  readVolume(join(folderWith(files), name));

interface Drawn {
  readonly version: 1 | 2;
  readonly little: boolean;
  readonly sides: readonly number[];
  readonly slope?: number;
  readonly intercept?: number;
}

/** A NIfTI of int16, 0.5 x 0.75 x 3 mm, with its affine as sform. */
function drawNifti({ version, little, sides, slope = 0, intercept = 0 }: Drawn, values: Int16Array): Uint8Array {
  const isOne = version === 1;
  const start = isOne ? 352 : 544;
  const bytes = new Uint8Array(start + 2 * values.length);
  const view = new DataView(bytes.buffer);
  const float = (one: number, two: number, value: number): void =>
    isOne ? view.setFloat32(one, value, little) : view.setFloat64(two, value, little);
  view.setInt32(0, isOne ? 348 : 540, little);
  bytes.set(isOne ? [0x6e, 0x2b, 0x31, 0] : [0x6e, 0x2b, 0x32, 0, 0x0d, 0x0a, 0x1a, 0x0a], isOne ? 344 : 4);
  for (const [i, side] of [sides.length, ...sides, 1, 1, 1].slice(0, 8).entries()) {
    if (isOne) view.setInt16(40 + 2 * i, side, little);
    else view.setBigInt64(16 + 8 * i, BigInt(side), little);
  }
  view.setInt16(isOne ? 70 : 12, 4, little);
  for (const [i, size] of [1, 0.5, 0.75, 3].entries()) float(76 + 4 * i, 104 + 8 * i, size);
  if (isOne) view.setFloat32(108, start, little);
  else view.setBigInt64(168, BigInt(start), little);
  float(112, 176, slope);
  float(116, 184, intercept);
  if (isOne) view.setInt16(254, 1, little);
  else view.setInt32(348, 1, little);
  for (const [i, value] of [0.5, 0, 0, 1, 0, 0.75, 0, 2, 0, 0, 3, 4].entries()) float(280 + 4 * i, 400 + 8 * i, value);
  for (const [i, value] of values.entries()) view.setInt16(start + 2 * i, value, little);
  return bytes;
}

test.each([
  [1, true],
  [1, false],
  [2, true],
  [2, false],
] as const)('NIfTI-%i, little-endian %s, plain and packed', async (version, little) => {
  const bytes = drawNifti({ version, little, sides: [4, 3, 2] }, VALUES);
  for (const [name, file] of [
    ['a.nii', bytes],
    ['a.nii.gz', gzipSync(bytes)],
  ] as const) {
    const volume = await read(name, { [name]: file });
    expect(volume).toMatchObject({ data: VALUES, width: 4, height: 3, depth: 2, channels: 1, spacing: [0.5, 0.75, 3] });
    expect(volume.affine).toEqual([0.5, 0, 0, 1, 0, 0.75, 0, 2, 0, 0, 3, 4]);
  }
});

test('the volumes along a fourth axis are the channels of a voxel, and stored values are scaled', async () => {
  const drawn = { version: 1, little: true, sides: [2, 3, 2, 2], slope: 0.5, intercept: 10 } as const;
  const { data, channels, depth } = await read('a.nii', { 'a.nii': drawNifti(drawn, VALUES) });
  expect([channels, depth]).toEqual([2, 2]);
  expect(data).toEqual(Float32Array.from({ length: 24 }, (_, i) => (VALUES[(i % 2) * 12 + (i >> 1)] ?? 0) * 0.5 + 10));
});

const NRRD = `NRRD0005\ntype: short\ndimension: 3\nsizes: 4 3 2\nspacings: 0.5 0.75 3\nendian: little\n`;
const META = `NDims = 3\nDimSize = 4 3 2\nElementType = MET_SHORT\nElementSpacing = 0.5 0.75 3\nCompressedData = True\n`;

test.each([
  ['NRRD', 'a.nhdr', { 'a.nhdr': `${NRRD}encoding: gzip\ndata file: a.raw.gz\n`, 'a.raw.gz': gzipSync(raw) }],
  ['NRRD', 'a.nhdr', { 'a.nhdr': `${NRRD}encoding: raw\ndata file: a.raw\n`, 'a.raw': raw }],
  ['MetaImage', 'a.mhd', { 'a.mhd': `${META}ElementDataFile = a.zraw\n`, 'a.zraw': deflateSync(raw) }],
])('%s whose values are packed beside its header', async (_kind, name, files) => {
  expect(await read(name, files)).toMatchObject({
    data: VALUES,
    width: 4,
    height: 3,
    depth: 2,
    spacing: [0.5, 0.75, 3],
  });
});

test('pages of floats of an OME-TIFF, and the tiles of a BigTIFF', async () => {
  const page = { width: 2, height: 1, type: 'float32' } as const;
  const pages = drawTiff({ ...page, values: [-1.5, 2] }, { ...page, values: [1e6, 0.25] }, { ...page, values: [0, 7] });
  expect(await read('a.ome.tif', { 'a.ome.tif': pages })).toMatchObject({
    data: Float32Array.of(-1.5, 2, 1e6, 0.25, 0, 7),
    width: 2,
    height: 1,
    depth: 3,
  });
  const data = Uint16Array.from({ length: 50 * 40 }, (_, i) => (i * 31) % 65_536);
  const tiles = { tile: true, tileWidth: 16, tileHeight: 16, compression: 'deflate', bigtiff: true } as const;
  const image = sharp(data, { raw: { width: 50, height: 40, channels: 1 } }).toColourspace('grey16');
  const big = await read('a.tif', { 'a.tif': await image.tiff(tiles).toBuffer() });
  expect(big).toMatchObject({ width: 50, height: 40, depth: 1 });
  expect(big.data).toEqual(data);
});

/** 300 MiB of values are declared, which are read where they are there. */
const SIDES = [512, 512, 600] as const;

test('a CT of 512 x 512 x 600 has room to be unpacked', async () => {
  const nifti = drawNifti({ version: 1, little: true, sides: SIDES }, VALUES);
  const nrrd = NRRD.replace('4 3 2', SIDES.join(' '));
  const meta = META.replace('4 3 2', SIDES.join(' '));
  const npy = `${`{'descr': '<i2', 'fortran_order': False, 'shape': (600, 512, 512), }`.padEnd(117)}\n`;
  const array = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(npy), raw]);
  const files = {
    'a.nii': nifti,
    'a.nii.gz': gzipSync(nifti),
    'a.nrrd': Buffer.concat([Buffer.from(`${nrrd}encoding: gzip\n\n`), gzipSync(raw)]),
    'a.mha': Buffer.concat([Buffer.from(`${meta}ElementDataFile = LOCAL\n`), deflateSync(raw)]),
    'a.npz': zipSync({ 'a.npy': array }),
  };
  const folder = folderWith(files);
  for (const name of Object.keys(files))
    expect(await failure(readVolume(join(folder, name)))).toMatch(
      /truncated: 48 bytes of values, 314572800 are declared/,
    );
});
