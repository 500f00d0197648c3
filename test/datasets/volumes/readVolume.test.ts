import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { unpackRle } from '../../../datasets/volumes/dicomRle.js';
import { type DicomElements, encodeDicom } from '../../../datasets/volumes/dicomWrite.js';
import { readNifti, writeNifti } from '../../../datasets/volumes/nifti.js';
import { readVolume } from '../../../datasets/volumes/readVolume.js';
import { toRas, type Volume } from '../../../datasets/volumes/volume.js';
import { DataError } from '../../../engine/errors.js';
import { createRandom } from '../../../engine/random.js';
import { drawTiff } from '../decode/drawTiff.js';
import { folderWith } from '../folder.js';
import { drawDicom } from './drawDicom.js';

const VALUES = Int16Array.from({ length: 24 }, (_, i) => i * 100 - 700);
const raw = new Uint8Array(VALUES.buffer);
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);
const read = (name: string, bytes: Uint8Array): ReturnType<typeof readVolume> =>
  readVolume(join(folderWith({ [name]: bytes }), name));

const NRRD = `NRRD0005
type: short
dimension: 3
space: left-posterior-superior
sizes: 4 3 2
space directions: (0.5,0,0) (0,0.75,0) (0,0,-3)
endian: little
encoding: gzip
space origin: (10,20,30)

`;
const META = `ObjectType = Image
NDims = 3
DimSize = 4 3 2
ElementType = MET_SHORT
ElementSpacing = 0.5 0.75 3
TransformMatrix = 1 0 0 0 1 0 0 0 -1
Offset = 10 20 30
ElementByteOrderMSB = False
CompressedData = True
ElementDataFile = LOCAL
`;
/** Both as SimpleITK gives their places: x to the left, y to the back; here to the right and to the front. */
const AFFINE = [-0.5, 0, 0, -10, 0, -0.75, 0, -20, 0, 0, -3, 30];

test('NRRD and MetaImage have their values, spacing and place', async () => {
  const files = [
    ['a.nrrd', joined(text(NRRD), gzipSync(raw))],
    ['a.mha', joined(text(META), deflateSync(raw))],
  ] as const;
  for (const [name, bytes] of files) {
    const volume = await read(name, bytes);
    expect(volume).toMatchObject({ data: VALUES, width: 4, height: 3, depth: 2, channels: 1, spacing: [0.5, 0.75, 3] });
    expect(volume.affine?.map((value) => value + 0)).toEqual(AFFINE);
    // Every axis runs the other way in right, anterior, superior.
    expect(toRas(volume).data).toEqual(VALUES.slice().reverse());
    expect(toRas(volume).affine?.filter((_, i) => i % 4 === 3)).toEqual([-11.5, -21.5, 27]);
  }
});

test('values beside their header are found, and those elsewhere are not', async () => {
  const header = META.replace('CompressedData = True\n', '').replace('LOCAL', 'a.raw');
  const folder = folderWith({ 'a.mhd': text(header), 'a.raw': raw });
  expect((await readVolume(join(folder, 'a.mhd'))).data).toEqual(VALUES);
  writeFileSync(join(folder, 'b.mhd'), header.replace('a.raw', '../a.raw'));
  await expect(readVolume(join(folder, 'b.mhd'))).rejects.toThrow('put them beside it');
});

test('NumPy arrays are read, alone and from an archive, with channels last', async () => {
  const npy = (shape: string, values: Uint8Array, descr = '<i2'): Uint8Array => {
    const header = `${`{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117)}\n`;
    return joined(Uint8Array.of(0x93), text('NUMPY'), Uint8Array.of(1, 0, header.length, 0), text(header), values);
  };
  expect(await read('a.npy', npy('2, 3, 4', raw))).toMatchObject({ data: VALUES, width: 4, height: 3, depth: 2 });
  expect(
    await read('a.npz', zipSync({ 'image.npy': npy('1, 2, 4, 3', raw), 'z.npy': npy('1, 1', raw) })),
  ).toMatchObject({ width: 4, height: 2, depth: 1, channels: 3 });
  await expect(read('a.npy', npy('99999, 99999, 2', raw))).rejects.toThrow('2 x 99999 x 99999 voxels');
  await expect(read('a.npy', npy('2, 3, 5', raw))).rejects.toThrow('truncated: 48 bytes of values, 60 are declared');
  const changed = zipSync({ 'a.npy': npy('2, 3, 4', raw) }, { level: 0 }).map((byte, i) =>
    i === 200 ? byte ^ 1 : byte,
  );
  await expect(read('a.npz', changed)).rejects.toThrow("'a.npy' is damaged: its checksum is another");
  await expect(read('a.npz', zipSync({ 'p.npy': raw, 'q.npy': raw }))).rejects.toThrow('call one of them image');
});

test('few bytes that declare or become gigabytes are refused before they are unpacked', async () => {
  const header = 'NRRD0004\ntype: double\ndimension: 3\nsizes: 8192 8192 8\nencoding: gzip\nendian: little\n\n';
  await expect(read('a.nrrd', joined(text(header), gzipSync(raw)))).rejects.toThrow('needs 8192 MiB to be unpacked');
  const large = drawDicom({ columns: 4, rows: 3, pixels: new Uint8Array(2 ** 26 + 1), bits: 16, deflated: true });
  expect(large.length).toBeLessThan(2 ** 17);
  await expect(read('a.dcm', large)).rejects.toThrow('cannot be parsed');
});

test('the pages of a TIFF are a volume', async () => {
  const page = { width: 2, height: 1, type: 'int16' } as const;
  const volume = await read('a.tif', drawTiff({ ...page, values: [1, -2] }, { ...page, values: [3, 4] }));
  expect(volume).toMatchObject({ data: Int16Array.of(1, -2, 3, 4), width: 2, height: 1, depth: 2, affine: null });
});

const volume: Volume = {
  data: VALUES,
  width: 4,
  height: 3,
  depth: 2,
  channels: 1,
  spacing: [0.5, 0.75, 3],
  affine: AFFINE,
};

test('labels are written in the place of their volume, without words about a patient', () => {
  const labels = Uint8Array.from({ length: 24 }, (_, i) => i % 3);
  const plain = writeNifti(labels, volume, null);
  expect(readNifti(plain)).toMatchObject({
    data: labels,
    width: 4,
    height: 3,
    depth: 2,
    spacing: [0.5, 0.75, 3],
    affine: AFFINE,
  });
  plain.set(text('DOE^JANE'), 148);
  plain.set(text('Jane'), 328);
  const again = writeNifti(labels, volume, plain);
  expect(readNifti(again)).toMatchObject({ data: labels, affine: AFFINE });
  expect(new TextDecoder('latin1').decode(again)).not.toMatch(/DOE|Jane/);
});

test('a CT in explicit and deflated form has Hounsfield units; slices are sorted by their place', async () => {
  const stored = Int16Array.of(0, 1000, 2000, 4095);
  const one = (z: number, deflated = false): Uint8Array =>
    drawDicom({
      columns: 2,
      rows: 2,
      pixels: new Uint8Array(stored.map((value) => value - z).buffer),
      bits: 16,
      slope: 1,
      stored: 12,
      intercept: -1024,
      position: [0, 0, z],
      deflated,
    });
  expect((await read('a.dcm', one(0))).data).toEqual(Int16Array.of(-1024, -24, 976, 3071));
  expect((await read('a.dcm', one(0, true))).data).toEqual(Int16Array.of(-1024, -24, 976, 3071));
  const folder = folderWith({ 'c.dcm': one(0), a: one(10), b: one(5), 'notes.txt': 'none' });
  const series = await readVolume(folder, true);
  expect(series).toMatchObject({ width: 2, height: 2, depth: 3, spacing: [0.5, 0.5, 5], modality: 'CT' });
  expect([0, 4, 8].map((at) => series.data[at])).toEqual([-1024, -1029, -1034]);
  expect(series.affine?.[10]).toBe(5);
});

test('frames of one file that say their place are sorted, and each has its own rescale', async () => {
  const frame = (z: number, slope: string): DicomElements => [
    [0x00209113, 'SQ', [[[0x00200032, 'DS', `0\\0\\${z}`]]]],
    [
      0x00289145,
      'SQ',
      [
        [
          [0x00281052, 'DS', '-10'],
          [0x00281053, 'DS', slope],
        ],
      ],
    ],
  ];
  const file = (places: readonly number[]): Uint8Array =>
    encodeDicom('1.2.840.10008.5.1.4.1.1.2.1', '1.2.3', [
      [0x00280002, 'US', [1]],
      [0x00280004, 'CS', 'MONOCHROME2'],
      [0x00280008, 'IS', '3'],
      [0x00280010, 'US', [1]],
      [0x00280011, 'US', [2]],
      [0x00280100, 'US', [8]],
      [0x00280101, 'US', [8]],
      [0x00280103, 'US', [0]],
      [
        0x52009229,
        'SQ',
        [
          [
            [0x00209116, 'SQ', [[[0x00200037, 'DS', '1\\0\\0\\0\\1\\0']]]],
            [
              0x00289110,
              'SQ',
              [
                [
                  [0x00280030, 'DS', '0.5\\0.25'],
                  [0x00180050, 'DS', '9'],
                ],
              ],
            ],
          ],
        ],
      ],
      [0x52009230, 'SQ', places.map((z, i) => frame(z, String(i + 1)))],
      [0x7fe00010, 'OB', Uint8Array.of(1, 2, 3, 4, 5, 6)],
    ]);
  const sorted = await read('a.dcm', file([4, 0, 2]));
  expect(sorted).toMatchObject({ width: 2, height: 1, depth: 3, spacing: [0.25, 0.5, 2] });
  expect([...sorted.data]).toEqual([-4, -2, 5, 8, -9, -8]);
  expect(sorted.origin?.slices.map(({ frame }) => frame)).toEqual([2, 3, 1]);
  // Two times of one place stay as they are.
  expect([...(await read('a.dcm', file([4, 4, 2]))).data]).toEqual([-9, -8, -4, -2, 5, 8]);
});

test('slices of a tilted gantry lie where each says, beside the normal of the others', async () => {
  const one = (z: number): Uint8Array =>
    drawDicom({ columns: 1, rows: 1, pixels: Uint8Array.of(z), bits: 8, position: [3, 10 + 2 * z, 5 * z] });
  const { affine, spacing } = await readVolume(folderWith({ a: one(2), b: one(0), c: one(1) }), true);
  expect(spacing).toEqual([0.5, 0.5, 5]);
  expect(affine?.map((value) => value + 0)).toEqual([-0.5, 0, 0, -3, 0, -0.5, -2, -10, 0, 0, 5, 0]);
});

test('a series of which some slices lie in one place, as of several echoes, is refused', async () => {
  const one = (z: number, value: number): Uint8Array =>
    drawDicom({ columns: 1, rows: 1, pixels: Uint8Array.of(value), bits: 8, position: [0, 0, z] });
  const echoes = { 'a.dcm': one(0, 1), 'b.dcm': one(5, 2), 'c.dcm': one(0, 3), 'd.dcm': one(5, 4) };
  await expect(readVolume(folderWith(echoes), true)).rejects.toThrow(
    /DICOM series: 2 of its 4 slices lie where another does.*keep one/,
  );
  // Times of a single place are a stack.
  expect([...(await readVolume(folderWith({ 'a.dcm': one(0, 1), 'b.dcm': one(0, 3) }), true)).data]).toEqual([1, 3]);
});

test('bits above those that are stored, as of an overlay, are no part of the values', async () => {
  const pixels = new Uint8Array(Uint16Array.of(0x1001, 0x0fff, 0x800, 0xf123).buffer);
  const drawn = { columns: 2, rows: 2, pixels, bits: 16, stored: 12, high: 11 } as const;
  expect([...(await read('a.dcm', drawDicom(drawn))).data]).toEqual([1, 0xfff, 0x800, 0x123]);
  expect([...(await read('a.dcm', drawDicom({ ...drawn, signed: true }))).data]).toEqual([1, -1, -0x800, 0x123]);
});

test('what is brightest at 0 is turned, planes of colours are woven, a palette is its colours', async () => {
  const pixels = Uint8Array.of(0, 10, 255, 7);
  const grey = drawDicom({ columns: 2, rows: 2, pixels, bits: 8, photometric: 'MONOCHROME1' });
  expect((await read('a.dcm', grey)).data).toEqual(Uint8Array.of(255, 245, 0, 248));
  const planes = drawDicom({
    columns: 2,
    rows: 1,
    pixels: Uint8Array.of(1, 2, 3, 4, 5, 6),
    bits: 8,
    photometric: 'RGB',
    planar: true,
  });
  expect((await read('a.dcm', planes)).data).toEqual(Uint8Array.of(1, 3, 5, 2, 4, 6));
  const palette = drawDicom({
    columns: 2,
    rows: 1,
    pixels: Uint8Array.of(1, 0),
    bits: 8,
    photometric: 'PALETTE COLOR',
    palette: [
      [1, 2],
      [30, 40],
      [500, 600],
    ],
  });
  expect((await read('a.dcm', palette)).data).toEqual(Uint16Array.of(2, 40, 600, 1, 30, 500));
});

test('run lengths are unpacked by hand, and damaged ones are refused', () => {
  const header = new Uint8Array(64);
  new DataView(header.buffer).setUint32(0, 1, true);
  new DataView(header.buffer).setUint32(4, 64, true);
  const packed = joined(header, Uint8Array.of(2, 7, 8, 9, 128, 254, 5));
  expect([...unpackRle(packed, 6, 1, 1)]).toEqual([7, 8, 9, 5, 5, 5]);
  expect(() => unpackRle(packed, 2 ** 29, 1, 1)).toThrow('71 bytes of run lengths cannot be 536870912');
  expect(() => unpackRle(packed, 7, 1, 1)).toThrow('truncated');
  expect(() => unpackRle(packed, 6, 3, 1)).toThrow('1 segments of run lengths, 3 are expected');
});

test('a refused packing is named with its remedy', async () => {
  const packed = drawDicom({
    columns: 2,
    rows: 2,
    pixels: Uint8Array.of(1, 2, 3, 4),
    bits: 8,
    syntax: '1.2.840.10008.1.2.4.100',
  });
  await expect(read('a.dcm', packed)).rejects.toThrow(
    /MPEG-2 \(transfer syntax 1\.2\.840\.10008\.1\.2\.4\.100\).*gdcmconv/,
  );
});

test('mutated files end in an error of data, or are read', async () => {
  const dicom = drawDicom({
    columns: 2,
    rows: 2,
    pixels: new Uint8Array(8),
    bits: 16,
    slope: 2,
    intercept: 1,
    position: [0, 0, 1],
  });
  const nifti = writeNifti(new Uint8Array(24), volume, null);
  const files = [
    ['a.nii', nifti],
    ['a.nii.gz', gzipSync(nifti)],
    ['a.dcm', dicom],
    ['a.nrrd', joined(text(NRRD), gzipSync(raw))],
    ['a.mha', joined(text(META), deflateSync(raw))],
  ] as const;
  const folder = folderWith({});
  const random = createRandom([18]);
  const others: unknown[] = [];
  for (let turn = 0; turn < 60; turn++) {
    for (const [name, bytes] of files) {
      const cut = random.next() < 0.2 ? random.integer(bytes.length) : bytes.length;
      const mutated = bytes.slice(0, cut);
      for (let i = 0; i < 1 + random.integer(6); i++) mutated[random.integer(Math.max(1, cut))] = random.integer(256);
      const path = join(folder, name);
      writeFileSync(path, mutated);
      await readVolume(path).catch((error: unknown) => {
        if (!(error instanceof DataError)) others.push([name, turn, error]);
      });
    }
  }
  expect(others).toEqual([]);
});
