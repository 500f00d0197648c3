import { join } from 'node:path';
import { DataError } from '../../engine/errors.js';
import { type FileStart, readStart } from '../../engine/files/read.js';
import { decodeDeep } from '../decode/decodeDeep.js';
import { readImageSize } from '../decode/header.js';
import { DECODE_BYTES, reserve } from '../decode/memory.js';
import { naturalOrder } from '../paths.js';
import { commonType, createPixels, typeOf } from '../pixelTypes.js';
import { isImageName, listFiles } from '../stated/images.js';
import { type DicomImage, joinSeries, readDicom } from './dicom.js';
import { isDicom, parseDicom } from './dicomFile.js';
import { layMasks, masksName } from './dicomMasks.js';
import type { DicomOrigin } from './dicomSegWrite.js';
import { inflateBounded, inflateHead, isGzip } from './inflate.js';
import { isMetaImage, readMetaImage } from './metaImage.js';
import { isNifti, NIFTI_HEADER, niftiHeader, readNifti } from './nifti.js';
import { isNpy, isNpz, readNpy, readNpz } from './npy.js';
import { isNrrd, readNrrd } from './nrrd.js';
import { MAX_VALUES, namedVolume, type Volume } from './volume.js';

/** What kind of file a volume is. */
export type VolumeKind = 'nifti' | 'nrrd' | 'meta' | 'npy' | 'dicom' | 'image';

/** A volume as it was read, with what its file says beside. */
export interface ReadVolume extends Volume {
  readonly kind: VolumeKind;
  /** Modality of DICOM, such as CT; else null. */
  readonly modality: string | null;
  /** The header of a NIfTI, for answers in its place; else null. */
  readonly header: Uint8Array | null;
  /** DICOM images it was read from. */
  readonly origin?: DicomOrigin;
  /** Names of the values of masks that say them; of overlapping segments by their channel. */
  readonly names?: ReadonlyMap<number, string>;
}

/** Where an image is read from, on whose grid masks are laid. */
interface Grid {
  readonly path: string;
  readonly isFolder: boolean;
  /** True: segments of DICOM lie apart, each a channel, as they may overlap. */
  readonly isApart?: boolean | undefined;
}

const VOLUME = /\.(nii(\.gz)?|nrrd|nhdr|mha|mhd|np[yz]|dcm|dicom|ima)$/i;
const MAX_BYTES = 2 ** 31 - 1;
/** Most files of a series. */
const MAX_SLICES = 4096;

export const isVolumeName = (name: string): boolean => VOLUME.test(name);
/** A name without the endings of volumes. */
export const volumeStem = (name: string): string => name.replace(VOLUME, '').replace(/\.(png|tiff?)$/i, '');

/**
 * Reads a volume: NIfTI-1 and -2, NRRD, MetaImage, NumPy, DICOM, a TIFF of several pages or an image in its own depth; of a
 * folder its DICOM series of most slices, or its images one upon the other. As stored, see `toRas`. DICOM-SEG and RTSTRUCT are masks on the
 * grid of an image.
 *
 * @param on the image of masks
 * @throws DataError naming the file: missing, damaged, too large, or of a kind that is not read
 */
export async function readVolume(path: string, isFolder = false, on?: Grid): Promise<ReadVolume> {
  if (isFolder) return readSeries(path);
  const { bytes, size } = await read(path);
  if (isGzip(bytes)) {
    const header = namedVolume(path, 'NIfTI', () => niftiHeader(inflateHead(bytes)));
    return withMemory(path, size + header.offset + header.held, () => {
      const whole = inflateBounded(bytes, header.offset + header.byteLength);
      return niftiOf(whole);
    });
  }
  if (isNifti(bytes)) {
    const { held } = namedVolume(path, 'NIfTI', () => niftiHeader(bytes));
    return withMemory(path, held, () => niftiOf(bytes));
  }
  if (isNrrd(bytes)) return plain(path, 'nrrd', 'NRRD', size, () => readNrrd(bytes, path));
  if (isDicom(bytes)) return openDicom(path, bytes, on);
  if (isNpy(bytes)) return plain(path, 'npy', 'NumPy array', size, () => readNpy(bytes));
  if (isNpz(bytes)) return plain(path, 'npy', 'NumPy archive', size, () => readNpz(bytes));
  if (isMetaImage(bytes)) return plain(path, 'meta', 'MetaImage', size, () => readMetaImage(bytes, path));
  if (isImageName(path)) return readPages(path);
  throw new DataError(path, 'no volume that is read: NIfTI, NRRD, MetaImage, NumPy, DICOM (with its preamble) or TIFF');
}

function read(path: string): Promise<FileStart> {
  return readStart(path, { maxBytes: MAX_BYTES, refuse: (problem) => new DataError(path, problem) });
}

const niftiOf = (bytes: Uint8Array): ReadVolume => ({
  ...readNifti(bytes),
  kind: 'nifti',
  modality: null,
  header: bytes.slice(0, NIFTI_HEADER),
});

/** Packed values may be a thousand times as many: they are counted by what they declare, where they are unpacked. */
function plain(path: string, kind: VolumeKind, name: string, size: number, work: () => Volume): Promise<ReadVolume> {
  return withMemory(path, Math.min(DECODE_BYTES, 6 * size), () =>
    namedVolume(path, name, () => ({ ...work(), kind, modality: null, header: null })),
  );
}

async function withMemory(path: string, bytes: number, work: () => ReadVolume): Promise<ReadVolume> {
  const mebibytes = (count: number): number => Math.ceil(count / 2 ** 20);
  if (bytes > DECODE_BYTES) {
    throw new DataError(
      path,
      `needs ${mebibytes(bytes)} MiB to be read, ${mebibytes(DECODE_BYTES)} are allowed: crop it, or save it as int16`,
    );
  }
  const release = await reserve(bytes);
  try {
    return namedVolume(path, 'damaged', work);
  } finally {
    release();
  }
}

async function openDicom(path: string, bytes: Uint8Array, on: Grid | undefined): Promise<ReadVolume> {
  const name = await guarded(path, bytes, async () => masksName(parseDicom(bytes)));
  if (name === null || on === undefined) return dicomOf(await oneDicom(path, bytes));
  const image = await readVolume(on.path, on.isFolder);
  const { data, names, channels } = await guarded(path, bytes, () => layMasks(bytes, image, on.isApart));
  return { ...image, data, channels, kind: 'dicom', modality: null, header: null, names };
}

const oneDicom = (path: string, bytes: Uint8Array): Promise<DicomImage> => guarded(path, bytes, () => readDicom(bytes));

/** The work on a DICOM file, once there is memory for it. @throws DataError naming the file */
async function guarded<T>(path: string, bytes: Uint8Array, work: () => Promise<T>): Promise<T> {
  const release = await reserve(Math.min(DECODE_BYTES, 8 * bytes.length));
  try {
    return await work();
  } catch (error) {
    if (error instanceof DataError) throw new DataError(path, error.message.replace(/^[^:]*: /, ''));
    throw new DataError(path, `DICOM: ${error instanceof Error ? error.message : 'it is damaged'}`);
  } finally {
    release();
  }
}

function dicomOf(image: DicomImage): ReadVolume {
  const { data, width, height, depth, channels, spacing, affine, modality, origin } = image;
  return { data, width, height, depth, channels, spacing, affine, kind: 'dicom', modality, header: null, origin };
}

/** The pages of a TIFF, or one image. */
async function readPages(path: string): Promise<ReadVolume> {
  const { notes } = await readImageSize(path);
  const pages = notes.reduce((most, note) => (note.kind === 'first-page' ? note.pages : most), 1);
  const images = [];
  for (let page = 0; page < pages; page++) images.push(await decodeDeep(path, { page }));
  return stacked(path, images);
}

function stacked(path: string, images: readonly Awaited<ReturnType<typeof decodeDeep>>[]): ReadVolume {
  const [first] = images;
  if (first === undefined) throw new DataError(path, 'it holds no image');
  const { width, height } = first;
  const count = first.data.length;
  const odd = images.find((image) => image.width !== width || image.height !== height || image.data.length !== count);
  if (odd)
    throw new DataError(path, `slices of ${width}x${height} and ${odd.width}x${odd.height} do not make one volume`);
  if (count * images.length > MAX_VALUES)
    throw new DataError(path, `${images.length} slices of ${width}x${height} are too many`);
  const data = createPixels(commonType(images.map((image) => typeOf(image.data))), count * images.length);
  for (const [i, image] of images.entries()) data.set(image.data, i * count);
  const channels = count / (width * height);
  return {
    data,
    width,
    height,
    depth: images.length,
    channels,
    spacing: [1, 1, 1],
    affine: null,
    kind: 'image',
    modality: null,
    header: null,
  };
}

/** Files of a folder that are DICOM, whatever their names are; where there are none, its images. */
async function readSeries(folder: string): Promise<ReadVolume> {
  const names = (await listFiles(folder)).filter((name) => !name.includes('/')).sort(naturalOrder);
  if (names.length > MAX_SLICES)
    throw new DataError(folder, `holds ${names.length} files, a series of at most ${MAX_SLICES} is read`);
  const series = new Map<string, DicomImage[]>();
  for (const name of names) {
    const path = join(folder, name);
    const { bytes } = await readStart(
      path,
      { maxBytes: MAX_BYTES, refuse: (problem) => new DataError(path, problem) },
      132,
    );
    if (!isDicom(bytes)) continue;
    const whole = (await read(path)).bytes;
    if ((await guarded(path, whole, async () => masksName(parseDicom(whole)))) !== null) continue;
    const image = await oneDicom(path, whole);
    series.set(image.series, [...(series.get(image.series) ?? []), image]);
  }
  const [longest] = [...series.values()].sort((a, b) => b.length - a.length);
  if (longest !== undefined) return dicomOf(namedVolume(folder, 'DICOM series', () => joinSeries(longest)));
  const images = names.filter(isImageName);
  if (images.length === 0) throw new DataError(folder, 'holds neither a DICOM series nor images');
  const decoded = [];
  for (const name of images) decoded.push(await decodeDeep(join(folder, name)));
  return stacked(folder, decoded);
}
