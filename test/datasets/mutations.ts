import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { encode } from 'fast-png';
import { zipSync } from 'fflate';
import sharp from 'sharp';
import { checkData } from '../../configs/checkData.js';
import { openSplit } from '../../configs/datasets.js';
import { parseExperiment } from '../../configs/read.js';
import { decodeDeep } from '../../datasets/decode/decodeDeep.js';
import { decodeImage, decodeMask, encodeIndexedPng } from '../../datasets/decode/index.js';
import { writeNifti } from '../../datasets/volumes/nifti.js';
import { readVolume } from '../../datasets/volumes/readVolume.js';
import { ConfigError, DataError } from '../../engine/errors.js';
import { createRandom, type Random } from '../../engine/random.js';
import { golden } from '../data.js';
import { drawTiff } from './decode/drawTiff.js';
import { coco, image, LAYOUTS, square, video } from './formats/layouts.js';
import { drawDicom } from './volumes/drawDicom.js';

type Files = { readonly [path: string]: string | Uint8Array };

/** A file of one kind with what stands beside it, and how the library takes it. */
export interface Subject {
  readonly name: string;
  readonly files: Files;
  /** The file that is changed. */
  readonly target: string;
  readonly read: (root: string) => Promise<void>;
}

/** How a reading ended: with values, with an error that a user can act upon, or in another way. */
export type Outcome = 'read' | 'refused' | { readonly problem: string };

/** An error that names what is wrong with the data or the config. */
const isTyped = (error: unknown): boolean => error instanceof DataError || error instanceof ConfigError;

/** Writes the files of a subject with one of them changed, and reads them. Depends on nothing but its arguments. */
export async function readMutated({ files, target, read }: Subject, seed: number): Promise<Outcome> {
  const root = mkdtempSync(join(tmpdir(), 'espalier-mutated-'));
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
      writeFileSync(join(root, path), path === target ? mutated(bytes, createRandom([seed])) : bytes);
    }
    await read(root);
    return 'read';
  } catch (error) {
    if (isTyped(error)) return 'refused';
    return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const TEXTS = [
  '-1',
  '0',
  '1e308',
  '-1e308',
  '99999999999999999999',
  '2147483648',
  '65536',
  '0.5',
  'NaN',
  'null',
  '""',
  '[]',
  '{}',
  '"\\u0000"',
  'true',
  '<!DOCTYPE a>',
  '&lt;',
  '\u0000',
  '../../x',
];
const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff] as const;
/** More than a reader may follow down. */
const DEEP = 20_000;

/** One to six changes: bytes, numbers, pieces that are lost, doubled or nested, and an end too early. */
function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let changed: Uint8Array = bytes.slice();
  for (let i = 0, count = 1 + random.integer(6); i < count; i++) changed = changeOnce(changed, random);
  return changed;
}

function changeOnce(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return Uint8Array.of(random.integer(256));
  const at = random.integer(bytes.length);
  const splice = (count: number, part: Uint8Array): Uint8Array =>
    Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(Math.min(bytes.length, at + count))]);
  const way = random.integer(12);
  if (way < 4) {
    bytes[at] = way < 2 ? random.integer(256) : (bytes[at] as number) ^ (1 << random.integer(8));
    return bytes;
  }
  if (way < 6) {
    const width = way === 4 ? 2 : 4;
    const number = NUMBERS[random.integer(NUMBERS.length)] as number;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (at + width > bytes.length) return bytes;
    if (width === 2) view.setUint16(at, number & 0xffff, random.next() < 0.5);
    else view.setUint32(at, number, random.next() < 0.5);
    return bytes;
  }
  if (way === 6) return bytes.subarray(0, at).slice();
  if (way === 7) return splice(1 + random.integer(16), new Uint8Array());
  if (way === 8) return splice(0, bytes.slice(at, at + 1 + random.integer(64)));
  if (way === 9 && random.next() < 0.2) {
    const piece = ['[', '{"a":', '<a>', '('][random.integer(4)] as string;
    return splice(0, new TextEncoder().encode(piece.repeat(DEEP)));
  }
  const text = new TextEncoder().encode(TEXTS[random.integer(TEXTS.length)]);
  return numberAt(bytes, at, text) ?? splice(random.integer(4), text);
}

/** A number of a text, replaced; null where none follows. */
function numberAt(bytes: Uint8Array, from: number, text: Uint8Array): Uint8Array | null {
  const isDigit = (at: number): boolean => (bytes[at] ?? 0) >= 0x30 && (bytes[at] ?? 0) <= 0x39;
  let start = from;
  while (start < bytes.length && start < from + 64 && !isDigit(start)) start++;
  if (!isDigit(start)) return null;
  let end = start;
  while (isDigit(end) || bytes[end] === 0x2e) end++;
  return Buffer.concat([bytes.subarray(0, start), text, bytes.subarray(end)]);
}

const TASKS = {
  boxes: 'detection',
  instances: 'instances',
  classMap: 'segmentation',
  labels: 'classification',
} as const;

/** What `espalier check` does, and every sample read. */
const check =
  (kind: string, truth: keyof typeof TASKS, keys: object = {}) =>
  async (root: string): Promise<void> => {
    const experiment = parseExperiment({ task: TASKS[truth], data: { kind, root, val: null, ...keys } }, root);
    const { splits } = await checkData(experiment);
    if (splits.length === 0) return;
    const data = await openSplit(experiment, 'train');
    for (let i = 0; i < Math.min(8, data.size); i++) await data.get(i);
  };

const isImage = (path: string): boolean => /\.(png|nii\.gz|dcm)$/i.test(path);

function annotationSubjects(): Subject[] {
  const files = (name: string, kind: string, of: Files, truth: keyof typeof TASKS, keys?: object): Subject[] =>
    Object.keys(of)
      .filter((path) => !isImage(path) || kind === 'instances' || (kind === 'masks' && path.includes('masks/')))
      .map((target) => ({ name: `${name}: ${target} as ${truth}`, files: of, target, read: check(kind, truth, keys) }));
  const nifti = gzipSync(writeNifti(new Uint8Array(24).fill(1, 0, 9), VOLUME, null));
  const pairs = { 'images/a.png': image(), 'masks/a.png': square(4, 2) };
  const labelmap = '# label:color_rgb:parts:actions\nbackground:0,0,0::\ncell:128,0,0::\n';
  const voc = {
    'JPEGImages/a.png': image(),
    'SegmentationClass/a.png': encodeIndexedPng({ data: new Uint8Array(800).fill(1, 90, 130), width: 40, height: 20 }, [
      [0, 0, 0],
      [128, 0, 0],
    ]),
    'ImageSets/Segmentation/train.txt': 'a\n',
    'labelmap.txt': labelmap,
  };
  const nnunet = {
    'imagesTr/a_0000.nii.gz': nifti,
    'labelsTr/a.nii.gz': nifti,
    'dataset.json': JSON.stringify({ labels: { background: 0, organ: 1 }, channel_names: { 0: 'CT' }, numTraining: 1 }),
  };
  return [
    ...LAYOUTS.flatMap(([name, kind, of]) => files(name, kind, of, 'boxes')),
    ...LAYOUTS.filter(([, kind]) => ['coco', 'labelme', 'cvat', 'via'].includes(kind)).flatMap(([name, kind, of]) => [
      ...files(name, kind, of, 'instances'),
      ...files(name, kind, of, 'classMap'),
    ]),
    ...files('CVAT, brush', 'cvat', { 'images/frame_000001.png': image(), 'annotations.xml': video }, 'instances'),
    ...files('COCO with run lengths', 'coco', { 'a.png': image(), 'a.json': rle() }, 'instances'),
    ...files(
      'CSV of classes',
      'csv',
      { 'a.png': image(), 'b.png': image(7), 'a.csv': 'file,label\na.png,cat\nb.png,dog\n' },
      'labels',
    ),
    ...files('masks', 'masks', pairs, 'classMap'),
    ...files('VOC masks', 'voc', voc, 'classMap'),
    ...['imagesTr/a_0000.nii.gz', 'labelsTr/a.nii.gz', 'dataset.json'].map((target) => ({
      name: `nnU-Net: ${target}`,
      files: nnunet,
      target,
      read: check('medical', 'classMap'),
    })),
  ];
}

function rle(): string {
  const document = JSON.parse(coco(['a.png'])) as { annotations: { segmentation: unknown }[] };
  const [first] = document.annotations;
  if (first !== undefined) first.segmentation = { size: [20, 40], counts: [82, 8, 12, 8, 690] };
  return JSON.stringify(document);
}

const VOLUME = {
  data: new Uint8Array(24),
  width: 4,
  height: 3,
  depth: 2,
  channels: 1,
  spacing: [1, 1, 5],
  affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 5, 0],
} as const;
const values = Int16Array.from({ length: 24 }, (_, i) => i * 100 - 700);
const raw = new Uint8Array(values.buffer);
const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts);

function npy(shape: string): Uint8Array {
  const header = `${`{'descr': '<i2', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117)}\n`;
  return joined(Uint8Array.of(0x93), bytesOf('NUMPY'), Uint8Array.of(1, 0, header.length, 0), bytesOf(header), raw);
}

function volumeSubjects(): Subject[] {
  const nrrd =
    'NRRD0005\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 4 3 2\nspace directions: (0.5,0,0) (0,0.75,0) (0,0,-3)\nendian: little\nencoding: gzip\nspace origin: (10,20,30)\n\n';
  const meta =
    'ObjectType = Image\nNDims = 3\nDimSize = 4 3 2\nElementType = MET_SHORT\nElementSpacing = 0.5 0.75 3\nTransformMatrix = 1 0 0 0 1 0 0 0 -1\nOffset = 10 20 30\nElementByteOrderMSB = False\n';
  const nifti = writeNifti(new Uint8Array(24), VOLUME, null);
  const plain = { columns: 4, rows: 3, pixels: raw.subarray(0, 24), bits: 16, slope: 2, intercept: 1 } as const;
  const slice = (z: number): Uint8Array => drawDicom({ ...plain, position: [0, 0, z] });
  const page = { width: 4, height: 3, type: 'int16', values: values.subarray(0, 12) } as const;
  const single: Files = {
    'a.nii': nifti,
    'a.nii.gz': gzipSync(nifti),
    'a.nrrd': joined(bytesOf(nrrd), gzipSync(raw)),
    'a.mha': joined(bytesOf(`${meta}CompressedData = True\nElementDataFile = LOCAL\n`), deflateSync(raw)),
    'a.npy': npy('2, 3, 4'),
    'a.npz': zipSync({ 'image.npy': npy('2, 3, 4') }),
    'a.dcm': slice(1),
    'deflated.dcm': drawDicom({ ...plain, deflated: true }),
    'pages.tif': drawTiff(page, page),
  };
  const packed = golden<{ readonly files: { readonly [name: string]: { readonly file: string } } }>(
    'volumes/packed.json.gz',
  );
  const masks = golden<{ readonly series: readonly string[]; readonly files: typeof packed.files }>(
    'volumes/segmentations.json.gz',
  );
  return [
    ...Object.entries(single).map(([target, bytes]) => volume(target, { [target]: bytes })),
    volume('a.mhd', { 'a.mhd': bytesOf(`${meta}ElementDataFile = a.raw\n`), 'a.raw': raw }),
    ...Object.entries(packed.files).map(([name, { file }]) =>
      volume('a.dcm', { 'a.dcm': Buffer.from(file, 'base64') }, name),
    ),
    ...Object.entries(masks.files).map(([name, { file }]) => ({
      name: `masks ${name}`,
      files: {
        ...Object.fromEntries(masks.series.map((text, i) => [`s/${i}.dcm`, Buffer.from(text, 'base64')])),
        'm.dcm': Buffer.from(file, 'base64'),
      },
      target: 'm.dcm',
      read: async (root: string) =>
        void (await readVolume(join(root, 'm.dcm'), false, { path: join(root, 's'), isFolder: true })),
    })),
    {
      name: 'a DICOM series',
      files: { 's/1.dcm': slice(0), 's/2.dcm': slice(2), 's/3.dcm': slice(4) },
      target: 's/2.dcm',
      read: async (root) => void (await readVolume(join(root, 's'), true)),
    },
  ];
}

const volume = (target: string, files: Files, name = target): Subject => ({
  name: `volume ${name}`,
  files,
  target,
  read: async (root) => void (await readVolume(join(root, target))),
});

async function imageSubjects(): Promise<Subject[]> {
  const rgb = Uint8Array.from({ length: 3 * 600 }, (_, i) => (i * 37) % 256);
  const drawn = sharp(rgb, { raw: { width: 30, height: 20, channels: 3 } });
  const made = async (format: ReturnType<typeof sharp>): Promise<Uint8Array> => new Uint8Array(await format.toBuffer());
  const deep = Uint16Array.from({ length: 600 }, (_, i) => (i * 97) % 65536);
  const size = { width: 30, height: 20 } as const;
  const colours = Array.from({ length: 256 }, (_, i) => [i, 255 - i, 9] as const);
  const photo = Buffer.from(JPEG_2000, 'base64');
  const all: Files = {
    'rgb.png': await made(drawn.clone().png()),
    'deep.png': encode({ data: deep, ...size, channels: 1, depth: 16 }),
    'palette.png': encodeIndexedPng({ data: rgb.subarray(0, 600), ...size }, colours),
    'a.jpg': await made(drawn.clone().jpeg()),
    'progressive.jpg': await made(drawn.clone().jpeg({ progressive: true })),
    'cmyk.jpg': await made(drawn.clone().toColourspace('cmyk').jpeg()),
    'a.gif': await made(drawn.clone().gif()),
    'a.webp': await made(drawn.clone().webp()),
    'a.avif': await made(drawn.clone().avif()),
    'a.jp2': photo,
    'lzw.tif': await made(drawn.clone().tiff({ compression: 'lzw', predictor: 'horizontal' })),
    'tiled.tif': await made(drawn.clone().tiff({ compression: 'deflate', tile: true, tileWidth: 16, tileHeight: 16 })),
    'jpeg.tif': await made(drawn.clone().tiff({ compression: 'jpeg' })),
    'deep.tif': drawTiff({ ...size, type: 'uint16', values: deep }),
    'float.tif': drawTiff({ ...size, type: 'float32', values: Float32Array.from(deep, (value) => value / 7) }),
    'a.ppm': joined(bytesOf('P6\n30 20\n255\n'), rgb),
    'text.pgm': bytesOf(`P2\n30 20\n255\n${[...rgb.subarray(0, 600)].join(' ')}\n`),
    'a.bmp': bmp(rgb),
  };
  return Object.entries(all).map(([target, bytes]) => ({
    name: `image ${target}`,
    files: { [target]: bytes },
    target,
    read: async (root) => {
      const path = join(root, target);
      const ends = await Promise.allSettled([
        decodeImage(path, { onNote: () => {} }),
        decodeDeep(path),
        decodeMask(path, { lossy: true }),
        decodeMask(path, { unit: 'colour', lossy: true }),
      ]);
      const failed = ends.filter((end) => end.status === 'rejected');
      const worst = failed.find(({ reason }) => !isTyped(reason)) ?? failed[0];
      if (worst !== undefined) throw worst.reason;
    },
  }));
}

/** 24 bits, 30 x 20 pixels. */
function bmp(rgb: Uint8Array): Uint8Array {
  const head = Buffer.alloc(54);
  head.write('BM');
  for (const [at, value] of [
    [2, 54 + 92 * 20],
    [10, 54],
    [14, 40],
    [18, 30],
    [22, 20],
    [34, 92 * 20],
  ] as const)
    head.writeUInt32LE(value, at);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  const rows = Array.from({ length: 20 }, (_, y) => joined(rgb.subarray(90 * y, 90 * y + 90), new Uint8Array(2)));
  return joined(head, ...rows);
}

const JPEG_2000 =
  'AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAABQAAAAYAAwcHAAAAAAAPY29scgEAAAAAABAAAADNanAyY/9P/1EALwAAAAAABgAAAAUAAAAAAAAAAAAAAAYAAAAFAAAAAAAAAAAAAwcBAQcBAQcBAf9SAAwAAAABAQAEBAAB/1wABEBA/2QAJQABQ3JlYXRlZCBieSBPcGVuSlBFRyB2ZXJzaW9uIDIuNS40/5AACgAAAAAAVQAB/5PPtGQRT4lvo7DxHuQ0fsfvVLeCYpMpX99HxB1/34DwJokKGak4XWAKtckv7HT1x7bxoFcuA+fjX2OEbEAnwfIHEommYL2hj//Z';

/** Annotation files of every format, volumes and images of every kind. */
export const allSubjects = async (): Promise<Subject[]> => [
  ...annotationSubjects(),
  ...volumeSubjects(),
  ...(await imageSubjects()),
];
