import type { DataSet } from 'dicom-parser';
import { mapTuple } from '../../engine/checked.js';
import { itemOf, numbersOf, parseDicom, textsOf } from './dicomFile.js';
import { layoutOf, samplesOf } from './dicomPixels.js';
import { MAX_VALUES, type Volume } from './volume.js';

/** Objects that hold masks of a series and no image of their own. @source DICOM PS3.6, annex A */
const MASKS: { readonly [uid: string]: 'segmentation' | 'labelmap' | 'contours' } = {
  '1.2.840.10008.5.1.4.1.1.66.4': 'segmentation',
  '1.2.840.10008.5.1.4.1.1.66.7': 'labelmap',
  '1.2.840.10008.5.1.4.1.1.481.3': 'contours',
};
const NAMES = { segmentation: 'DICOM-SEG', labelmap: 'DICOM-SEG', contours: 'RTSTRUCT' } as const;

/** What a file of masks is called; null: it is none. */
export function masksName(data: DataSet): string | null {
  const kind = MASKS[data.string('x00080016') ?? ''];
  return kind === undefined ? null : NAMES[kind];
}

/** Masks on the grid of the image that they were drawn on. */
export interface PlacedMasks {
  /**
   * [depth * height * width] as the image stores its voxels: number of a segment, 0 where there is none. Of segments that lie apart [depth *
   * height * width * channels]: 1 where the segment is.
   */
  readonly data: Uint8Array | Uint16Array;
  /** Names of segments by their number, or by their channel. */
  readonly names: ReadonlyMap<number, string>;
  readonly channels: number;
}

/** Bits of one segment's voxels, by their slice. */
type Segment = Map<number, Uint8Array>;
type Segments = ReadonlyMap<number, Segment>;

/**
 * Lays the segments of a DICOM-SEG, or the contours of an RTSTRUCT, on the grid of their image. Where segments overlap the smaller one
 * lies on top, unless they lie apart; a voxel belongs to a contour when its centre is inside an odd number of that structure's.
 *
 * @throws Error where the image has no place in the patient, or the masks lie in other planes
 * @source DICOM PS3.3, A.51 and C.8.20 (segmentation), A.19 and C.8.8.6 (contours)
 */
export async function layMasks(bytes: Uint8Array, image: Volume, isApart = false): Promise<PlacedMasks> {
  const data = parseDicom(bytes);
  const kind = MASKS[data.string('x00080016') ?? ''];
  if (kind === undefined) throw new Error('it holds no masks');
  const toIndex = indexOf(image);
  const [names, segments] =
    kind === 'contours'
      ? [namesOf(data, 'x30060020', 'x30060022', 'x30060026'), contours(data, image, toIndex)]
      : [namesOf(data, 'x00620002', 'x00620004', 'x00620005'), await frames(data, image, toIndex, kind)];
  const most = [...segments.keys()].reduce((a, b) => Math.max(a, b), 0);
  if (most > MOST_SEGMENTS) throw new Error(`a segment has the number ${most}, of which ${MOST_SEGMENTS} are read`);
  const area = image.width * image.height;
  if (isApart) return apart([...segments], names, { area, depth: image.depth });
  const labels = new (most > 255 ? Uint16Array : Uint8Array)(area * image.depth);
  const sized = [...segments].map(([number, segment]) => ({ number, segment, size: voxelsIn(segment) }));
  for (const { number, segment } of sized.sort((a, b) => b.size - a.size)) {
    for (const [slice, bits] of segment)
      eachBit(bits, (at) => {
        labels[slice * area + at] = number;
      });
  }
  return { data: labels, names, channels: 1 };
}

/** Segments as channels, by their numbers. */
function apart(
  segments: readonly (readonly [number: number, segment: Segment])[],
  names: ReadonlyMap<number, string>,
  { area, depth }: { readonly area: number; readonly depth: number },
): PlacedMasks {
  const sorted = [...segments].sort(([a], [b]) => a - b);
  const channels = Math.max(1, sorted.length);
  if (area * depth * channels > MAX_VALUES)
    throw new Error(`${channels} segments on the grid of its image are too many values: save fewer in one file`);
  const data = new Uint8Array(area * depth * channels);
  for (const [channel, [, segment]] of sorted.entries()) {
    for (const [slice, bits] of segment)
      eachBit(bits, (at) => {
        data[(slice * area + at) * channels + channel] = 1;
      });
  }
  const named = sorted.map(([number], channel) => [channel, names.get(number) ?? `segment ${number}`] as const);
  return { data, names: new Map(named), channels };
}

const MOST_SEGMENTS = 65_535;
/** Longest name of a segment. */
const MOST_LETTERS = 64;

const itemsOf = (data: DataSet | undefined, tag: string): readonly DataSet[] =>
  (data?.elements[tag]?.items ?? []).flatMap(({ dataSet }) => dataSet ?? []);

/** A whole number: binary of a segmentation, text of contours. */
const numberOf = (data: DataSet | undefined, tag: string): number =>
  data?.elements[tag]?.length === 2 && tag.startsWith('x0062')
    ? (data.uint16(tag) ?? Number.NaN)
    : Number(data?.string(tag) ?? Number.NaN);

function namesOf(data: DataSet, sequence: string, number: string, label: string): ReadonlyMap<number, string> {
  const textOf = textsOf(data);
  const items = itemsOf(data, sequence).map((item): [number, string] => {
    const own = numberOf(item, number);
    return [own, textOf(item, label).slice(0, MOST_LETTERS) || `segment ${own}`];
  });
  return new Map(items.filter(([own]) => Number.isInteger(own) && own > 0));
}

/** From millimetres to the left, the back and the head to voxel indices along x, y and z. */
type ToIndex = (x: number, y: number, z: number) => readonly [number, number, number];

/** @throws Error for an image without a place */
function indexOf({ affine }: Pick<Volume, 'affine'>): ToIndex {
  if (affine === null)
    throw new Error('its image does not say where it lies in the patient, which masks in millimetres need');
  const [a, b, c, p, d, e, f, q, g, h, i, r] = affine as unknown as readonly [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (!(Math.abs(determinant) > 1e-12)) throw new Error('the axes of its image do not span a volume');
  return (left, back, head) => {
    const [x, y, z] = [-left - p, -back - q, head - r];
    return [
      ((e * i - f * h) * x + (c * h - b * i) * y + (b * f - c * e) * z) / determinant,
      ((f * g - d * i) * x + (a * i - c * g) * y + (c * d - a * f) * z) / determinant,
      ((d * h - e * g) * x + (b * g - a * h) * y + (a * e - b * d) * z) / determinant,
    ];
  };
}

/** Bytes that the segments of one file may take. */
const MOST_BYTES = 2 ** 29;

/** Segments by their number, made where a number is met first. */
function collect(area: number): { readonly all: Map<number, Segment>; of(number: number, slice: number): Uint8Array } {
  const all = new Map<number, Segment>();
  const perSlice = Math.ceil(area / 8);
  let bytes = 0;
  const createBits = (): Uint8Array => {
    bytes += perSlice;
    if (bytes > MOST_BYTES)
      throw new Error(
        `its segments take more than ${MOST_BYTES / 2 ** 20} MiB on the grid of its image: save fewer in one file`,
      );
    return new Uint8Array(perSlice);
  };
  return {
    all,
    of: (number, slice) => {
      const segment = all.get(number) ?? new Map<number, Uint8Array>();
      const bits = segment.get(slice) ?? createBits();
      all.set(number, segment.set(slice, bits));
      return bits;
    },
  };
}

/** Calls back for each voxel of a slice. */
function eachBit(bits: Uint8Array, visit: (at: number) => void): void {
  for (const [byte, value] of bits.entries()) {
    for (let bit = 0; value >> bit > 0; bit++) if ((value >> bit) & 1) visit(8 * byte + bit);
  }
}

function voxelsIn(segment: Segment): number {
  let count = 0;
  for (const bits of segment.values()) eachBit(bits, () => count++);
  return count;
}

/** Steps of a mask's pixels may differ from those of its image by so much of a voxel, and its first pixel may lie so far from the image's. */
const [ALIKE, NEAR] = [0.02, 0.25];

async function frames(
  data: DataSet,
  image: Volume,
  toIndex: ToIndex,
  kind: 'segmentation' | 'labelmap',
): Promise<Segments> {
  const element = data.elements.x7fe00010;
  if (element === undefined) throw new Error('it holds no pixels');
  const layout = layoutOf(data);
  const values = await samplesOf(data, element, layout);
  const shared = itemOf(data, 'x52009229');
  const perFrame = itemsOf(data, 'x52009230');
  const least = data.string('x00620001')?.trim() === 'FRACTIONAL' ? (data.uint16('x0062000e') ?? 255) / 2 : 0;
  const area = layout.width * layout.height;
  const found = collect(image.width * image.height);
  for (let frame = 0; frame < layout.frames; frame++) {
    const own = perFrame[frame];
    const pick = (sequence: string, tag: string): readonly number[] => {
      const stated = numbersOf(itemOf(own, sequence), tag);
      return stated.length > 0 ? stated : numbersOf(itemOf(shared, sequence), tag);
    };
    const at = pick('x00209113', 'x00200032');
    const cosines = pick('x00209116', 'x00200037');
    const [rows = Number.NaN, columns = Number.NaN] = pick('x00289110', 'x00280030');
    if (at.length !== 3 || cosines.length !== 6) throw new Error(`frame ${frame + 1} does not say where it lies`);
    const place = (column: number, row: number) => {
      const [x, y, z] = mapTuple(
        [0, 1, 2],
        (axis) =>
          (at[axis] as number) +
          column * columns * (cosines[axis] as number) +
          row * rows * (cosines[3 + axis] as number),
      );
      return toIndex(x, y, z);
    };
    const first = place(0, 0);
    const [across, down] = [place(1, 0), place(0, 1)].map((next) =>
      next.map((value, i) => value - (first[i] as number)),
    );
    if (!isStep(across, 0) || !isStep(down, 1))
      throw new Error('its pixels lie on another grid than those of its image: resample it to the image');
    const [left, top, z] = mapTuple(first, Math.round);
    if (first.some((value) => Math.abs(value - Math.round(value)) > NEAR))
      throw new Error(`frame ${frame + 1} lies between the voxels of its image: resample it to the image`);
    if (z < 0 || z >= image.depth) continue;
    const segment = numberOf(itemOf(own, 'x0062000a') ?? itemOf(shared, 'x0062000a'), 'x0062000b');
    if (kind === 'segmentation' && !(segment > 0)) throw new Error(`frame ${frame + 1} does not name its segment`);
    for (let i = 0; i < area; i++) {
      const value = values[frame * area + i] as number;
      if (value <= least) continue;
      const [x, y] = [left + (i % layout.width), top + Math.floor(i / layout.width)];
      if (x < 0 || y < 0 || x >= image.width || y >= image.height) continue;
      const at = y * image.width + x;
      const bits = found.of(kind === 'labelmap' ? value : segment, z);
      bits[at >> 3] = (bits[at >> 3] as number) | (1 << (at & 7));
    }
  }
  return found.all;
}

/** Whether a step along an axis of the mask is one along that axis of the image. */
const isStep = (step: readonly number[] | undefined, axis: number): boolean =>
  step?.every((value, i) => Math.abs(value - (i === axis ? 1 : 0)) < ALIKE) === true;

/** Corners of the contours of one file. */
const MOST_NUMBERS = 2 ** 26;

function contours(data: DataSet, image: Volume, toIndex: ToIndex): Segments {
  const found = collect(image.width * image.height);
  let count = 0;
  for (const structure of itemsOf(data, 'x30060039')) {
    const number = numberOf(structure, 'x30060084');
    if (!(number > 0)) continue;
    for (const contour of itemsOf(structure, 'x30060040')) {
      if (!/^CLOSED_?PLANAR/.test(contour.string('x30060042') ?? '')) continue;
      const numbers = numbersOf(contour, 'x30060050');
      count += numbers.length;
      if (count > MOST_NUMBERS) throw new Error(`its contours have more than ${MOST_NUMBERS / 3} corners`);
      const corners = Array.from({ length: Math.floor(numbers.length / 3) }, (_, i) =>
        toIndex(...(numbers.slice(3 * i, 3 * i + 3) as [number, number, number])),
      );
      const levels = corners.map(([, , z]) => z);
      const [low, high] = levels.reduce(([a, b], z) => [Math.min(a, z), Math.max(b, z)], [Infinity, -Infinity]);
      if (high - low > 0.5)
        throw new Error('its contours do not lie in the planes of the image: draw them on its slices');
      const z = Math.round((low + high) / 2);
      if (z >= 0 && z < image.depth) toggleInside(found.of(number, z), corners, image);
    }
  }
  return found.all;
}

/** Rows that the sides of one contour cross. */
const MOST_CROSSINGS = 2 ** 24;

/** Turns the voxels whose centre is inside a polygon: those of a hole are taken out again. */
function toggleInside(
  bits: Uint8Array,
  corners: readonly (readonly [number, number, number])[],
  { width, height }: Pick<Volume, 'width' | 'height'>,
): void {
  const crossings = new Map<number, number[]>();
  let count = 0;
  for (const [i, [x1, y1]] of corners.entries()) {
    const [x2, y2] = corners[(i + 1) % corners.length] as readonly [number, number, number];
    const [from, to] = [Math.max(0, Math.ceil(Math.min(y1, y2))), Math.min(height, Math.ceil(Math.max(y1, y2)))];
    count += Math.max(0, to - from);
    if (count > MOST_CROSSINGS) throw new Error(`a contour crosses more than ${MOST_CROSSINGS} rows of voxels`);
    for (let y = from; y < to; y++) {
      const row = crossings.get(y) ?? [];
      row.push(x1 + ((y - y1) / (y2 - y1)) * (x2 - x1));
      crossings.set(y, row);
    }
  }
  for (const [y, row] of crossings) {
    row.sort((a, b) => a - b);
    for (let i = 0; i + 1 < row.length; i += 2) {
      const [from, to] = [Math.max(0, Math.ceil(row[i] as number)), Math.min(width, Math.ceil(row[i + 1] as number))];
      for (let x = from; x < to; x++) {
        const at = y * width + x;
        bits[at >> 3] = (bits[at >> 3] as number) ^ (1 << (at & 7));
      }
    }
  }
}
