import { valueAt } from '../../engine/checked.js';
import { DataError } from '../../engine/errors.js';
import { caseStatistics } from '../caseStatistics.js';
import { withClass } from '../overlap.js';
import { commonType, createPixels, typeOf } from '../pixelTypes.js';
import { type CaseStatistics, IGNORED, type PixelData, type Pixels } from '../sample.js';
import { type ReadVolume, readVolume } from '../volumes/readVolume.js';
import { toRas, type Volume } from '../volumes/volume.js';

/** A file, or the folder of a series, absolute. */
export interface VolumeSource {
  readonly path: string;
  readonly isFolder: boolean;
  /** Image of a mask, on whose grid masks in millimetres are laid. */
  readonly on?: VolumeSource;
  /** True of a mask: segments that a file places lie apart, each a channel. */
  readonly isApart?: true;
  /** Affine of the image, for a mask that has none of its own. */
  readonly affine?: readonly number[];
}

/** Across which axis a volume is cut: 0 from left to right (sagittal), 1 coronal, 2 axial; of unplaced ones x, y, z. */
export type Axis = 0 | 1 | 2;

/** One slice of volumes of one place, which are its channels. */
export interface SliceSource {
  readonly kind: 'slice';
  readonly volumes: readonly VolumeSource[];
  readonly axis: Axis;
  readonly index: number;
  /** Slices that are channels together, this one in the middle: an odd number. */
  readonly slices: number;
  /** True: volumes lie as they are stored, as one of image and masks does not say its place. */
  readonly isStored: boolean;
  /** True: as 8-bit RGB. */
  readonly isEye: boolean;
}

/** Where the classes of a slice come from. */
export interface SliceTruth {
  readonly kind: 'slice-mask';
  /** Later ones lie over those before. */
  readonly layers: readonly MaskLayer[];
  /** True: a value is the set of the classes of all layers. Absent: later ones lie over those before. */
  readonly overlaps?: true;
  readonly axis: Axis;
  readonly index: number;
  readonly isStored: boolean;
}

/** The mask of a slice; null: it is another stored truth. */
export const sliceMaskOf = (truth: { readonly kind: string }): SliceTruth | null =>
  truth.kind === 'slice-mask' ? (truth as SliceTruth) : null;

export interface MaskLayer extends VolumeSource {
  /** Value -> class index; -1: it shows what is below. */
  readonly values: readonly (readonly [value: number, index: number])[];
  /** Pixels of other values. */
  readonly others: number;
  /** Channel that is read. */
  readonly band: number;
}

/** A volume along right, anterior, superior, with its figures. */
export interface Kept {
  readonly volume: Volume;
  readonly statistics: CaseStatistics;
  readonly modality: string | null;
  /** Names of the values of a mask, where its file says them. */
  readonly names: ReadonlyMap<number, string> | null;
  /** Values that were no finite numbers. */
  readonly odd: number;
  /** Sides and place as the file stores them. */
  readonly grid: Omit<Volume, 'data'>;
}

/** Bytes of volumes that a thread keeps, as slices of one follow each other. */
const MOST_BYTES = 2 ** 28;
const kept = new Map<string, Kept>();

/**
 * Gives values that are no finite numbers the least that is one: they would make every weight of a network one that is none.
 *
 * @returns how many there were
 * @throws DataError where there is no other
 */
export function replaceOdd(path: string, data: PixelData): number {
  if (!(data instanceof Float32Array)) return 0;
  let [least, odd] = [Number.POSITIVE_INFINITY, 0];
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (!Number.isFinite(value)) odd++;
    else if (value < least) least = value;
  }
  if (odd === 0) return 0;
  if (odd === data.length) throw new DataError(path, 'none of its values is a finite number');
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) data[i] = least;
  return odd;
}

/** Reads a volume, or takes it from those read last. @throws DataError as readVolume */
export async function openVolume(
  { path, isFolder, on, isApart, affine }: VolumeSource,
  isStored: boolean,
): Promise<Kept> {
  const key = [path, isStored, on?.path, isApart, affine].join('\0');
  const known = kept.get(key);
  if (known !== undefined) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const read: ReadVolume = await readVolume(path, isFolder, on && { ...on, isApart });
  const odd = replaceOdd(path, read.data);
  const { data: _, ...grid } = read;
  const volume = isStored ? { ...read, affine: null } : toRas(affine === undefined ? read : { ...read, affine });
  const found = {
    grid,
    odd,
    volume,
    statistics: caseStatistics(volume.data, volume),
    modality: read.modality,
    names: read.names ?? null,
  };
  kept.set(key, found);
  let bytes = [...kept.values()].reduce((sum, one) => sum + one.volume.data.byteLength, 0);
  for (const [oldest, one] of kept) {
    if (bytes <= MOST_BYTES || oldest === key) break;
    kept.delete(oldest);
    bytes -= one.volume.data.byteLength;
  }
  return found;
}

/** The slice as an image, channels of all volumes together, and of the slices around it. @throws DataError for volumes of other sizes */
export async function readSlice({ volumes, axis, index, slices, isStored }: SliceSource): Promise<Pixels> {
  const opened = await Promise.all(volumes.map((source) => openVolume(source, isStored)));
  const parts = opened.map((one) => ({ ...sliceWithin(one.volume, axis, index, slices), statistics: one.statistics }));
  const [first] = parts;
  if (first === undefined) throw new RangeError('a slice of no volume');
  const odd = parts.findIndex(({ width, height }) => width !== first.width || height !== first.height);
  if (odd >= 0) throw new DataError(volumes[odd]?.path ?? '', sizesDiffer(parts[odd] as Pixels, first));
  const statistics = {
    channels: opened.flatMap((one) => repeated(one.statistics, slices).channels),
    cropped: Math.max(...opened.map((one) => one.statistics.cropped)),
  };
  return { ...first, data: joined(parts), statistics };
}

/** The figures of a case whose channels come once for each slice. */
export const repeated = ({ channels, cropped }: CaseStatistics, slices: number): CaseStatistics => ({
  channels: Array.from({ length: slices }, () => channels).flat(),
  cropped,
});

/** A slice with those around it as further channels, in their order; beyond the ends the outermost is repeated. @param slices an odd number */
export function sliceWithin(volume: Volume, axis: Axis, index: number, slices: number): Pixels {
  const last = ([volume.width, volume.height, volume.depth][axis] as number) - 1;
  const parts = Array.from({ length: slices }, (_, i) =>
    cutSlice(volume, axis, Math.min(last, Math.max(0, index + i - (slices - 1) / 2))),
  );
  return { ...valueAt(parts, 0), data: joined(parts) };
}

/** Images of one size as the channels of one, in their common type. */
export function joined(parts: readonly Pixels[]): PixelData {
  const [first] = parts as readonly [Pixels];
  if (parts.length === 1) return first.data;
  const area = first.width * first.height;
  const counts = parts.map(({ data }) => data.length / area);
  const channels = counts.reduce((sum, count) => sum + count, 0);
  const data = createPixels(commonType(parts.map((part) => typeOf(part.data))), area * channels);
  let offset = 0;
  for (const [i, part] of parts.entries()) {
    const count = valueAt(counts, i);
    for (let at = 0; at < area; at++) {
      for (let c = 0; c < count; c++) data[at * channels + offset + c] = part.data[at * count + c] as number;
    }
    offset += count;
  }
  return data;
}

const sizesDiffer = (found: Pixels, expected: Pixels): string =>
  `its slices are ${found.width}x${found.height}, those of its case ${expected.width}x${expected.height}: resample it to the same grid`;

/** The classes of a slice. @throws DataError for masks of another size */
export async function readSliceMask(truth: SliceTruth, size: Pick<Pixels, 'width' | 'height'>): Promise<Uint8Array> {
  const mask = new Uint8Array(size.width * size.height).fill(truth.overlaps ? 0 : IGNORED);
  for (const layer of truth.layers) {
    const { volume } = await openVolume(layer, truth.isStored);
    const cut = cutSlice(volume, truth.axis, truth.index);
    if (cut.width !== size.width || cut.height !== size.height)
      throw new DataError(layer.path, sizesDiffer(cut, { ...cut, ...size }));
    const known = new Map(layer.values);
    const step = cut.data.length / mask.length;
    for (let i = 0; i < mask.length; i++) {
      const index = known.get(cut.data[i * step + layer.band]!) ?? layer.others;
      if (truth.overlaps) mask[i] = withClass(mask[i]!, index);
      else if (index >= 0) mask[i] = index;
    }
  }
  return mask;
}

interface Plane {
  readonly width: number;
  readonly height: number;
  /** Voxel of a pixel. */
  at(x: number, y: number): number;
}

/** Where the pixels of a slice lie: placed volumes as radiologists look at them, from the front, the left, or the feet. */
export function planeOf({ width, height, depth, affine }: Omit<Volume, 'data'>, axis: Axis, index: number): Plane {
  const sizes = [width, height, depth] as const;
  const steps = [1, width, width * height] as const;
  const [u, v] = axis === 2 ? ([0, 1] as const) : axis === 1 ? ([0, 2] as const) : ([1, 2] as const);
  const isTurned = affine !== null;
  const place = (side: 0 | 1 | 2, i: number): number => (isTurned ? sizes[side] - 1 - i : i) * steps[side];
  return { width: sizes[u], height: sizes[v], at: (x, y) => index * steps[axis] + place(u, x) + place(v, y) };
}

export function cutSlice(volume: Volume, axis: Axis, index: number): Pixels {
  const { data, channels, spacing } = volume;
  const plane = planeOf(volume, axis, index);
  const { width, height } = plane;
  const into = createPixels(typeOf(data), width * height * channels);
  let to = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = plane.at(x, y) * channels;
      for (let c = 0; c < channels; c++) into[to++] = data[from + c] as number;
    }
  }
  const [u, v] = axis === 2 ? [0, 1] : axis === 1 ? [0, 2] : [1, 2];
  return {
    data: into,
    width,
    height,
    spacing: [spacing[v as Axis], spacing[u as Axis]],
    sliceSpacing: spacing[axis],
  };
}

/** More than this apart, spacings are not alike. */
const ALIKE = 1.01;

/** The axis of the thickest slices; of equals the axial one. @source nnU-Net, experiment_planners: the 2-D plan leaves out the worst axis */
export function thickestAxis({ spacing, width, height, depth }: Omit<Volume, 'data'>): Axis {
  const flat = [depth, height, width].indexOf(1);
  if (flat >= 0 && depth * height * width > 1) return (2 - flat) as Axis;
  const [x, y, z] = spacing;
  if (x > z * ALIKE && x > y * ALIKE) return 0;
  return y > z * ALIKE && y > x * ALIKE ? 1 : 2;
}

/** What programs write that know no place: voxels of 1 mm from 0, in the axes of NIfTI or of DICOM. */
const NO_PLACE = [
  [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
  [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0],
];

/**
 * The place of an image for a mask of its sides whose file says none; undefined: the mask has its own, or other sides.
 *
 * @param mask  sides and place as stored
 * @param image the same
 */
export function placeOfImage(
  mask: Omit<Volume, 'data'>,
  image: Omit<Volume, 'data'>,
): { readonly affine: readonly number[] } | undefined {
  const { affine } = image;
  const isSame = (other: readonly number[] | null): boolean =>
    other?.every((value, i) => value === mask.affine?.[i]) === true;
  const isUnplaced = NO_PLACE.some(isSame);
  const hasSides = mask.width === image.width && mask.height === image.height && mask.depth === image.depth;
  return affine !== null && isUnplaced && !isSame(affine) && hasSides ? { affine } : undefined;
}

/** Voxels of two volumes that lie further apart than this, of the shorter side of a voxel, are not the same. */
const MOST_APART = 0.5;

/** @throws DataError naming the file whose voxels are not those of the first volume of its case, or lie elsewhere */
export function requireGrid(path: string, found: Omit<Volume, 'data'>, expected: Omit<Volume, 'data'>): void {
  const sides = ({ width, height, depth }: Omit<Volume, 'data'>): string => `${width}x${height}x${depth}`;
  if (sides(found) !== sides(expected)) {
    throw new DataError(
      path,
      `it has ${sides(found)} voxels, its image ${sides(expected)}: resample it to the image's grid`,
    );
  }
  for (const corner of cornersOf(expected)) {
    const [own, other] = [placeOf(found, corner), placeOf(expected, corner)];
    if (own === null || other === null) return;
    const apart = Math.hypot(...own.map((value, i) => value - (other[i] as number)));
    if (apart <= MOST_APART * Math.min(...expected.spacing)) continue;
    throw new DataError(
      path,
      `its voxel ${corner.join(', ')} lies at ${shown(own)} mm, that of its image at ${shown(other)} mm, ${apart.toFixed(1)} mm apart: ` +
        "resample it to the image's grid; or, where its header is wrong, copy that of the image",
    );
  }
}

const shown = (place: readonly number[]): string => place.map((value) => value.toFixed(1)).join(', ');

/** The first and the last voxel along each side. */
function cornersOf({ width, height, depth }: Omit<Volume, 'data'>): readonly (readonly number[])[] {
  const ends = [width, height, depth].map((size) => [0, size - 1]);
  return [0, 1, 2, 3, 4, 5, 6, 7].map((corner) => ends.map((end, axis) => end[(corner >> axis) & 1] as number));
}

/** Right, anterior and superior of a voxel, millimetres; null where the file does not say. */
function placeOf({ affine }: Omit<Volume, 'data'>, voxel: readonly number[]): readonly number[] | null {
  if (affine === null) return null;
  return [0, 4, 8].map((row) =>
    voxel.reduce((sum, index, axis) => sum + (affine[row + axis] as number) * index, affine[row + 3] as number),
  );
}
