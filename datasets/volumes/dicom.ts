import type { DataSet } from 'dicom-parser';
import { valueAt } from '../../engine/checked.js';
import type { PixelData } from '../sample.js';
import { coloured } from './dicomColours.js';
import { itemOf, numbersOf, parseDicom } from './dicomFile.js';
import { masksName } from './dicomMasks.js';
import { type Layout, layoutOf, samplesOf } from './dicomPixels.js';
import type { DicomOrigin } from './dicomSegWrite.js';
import { MAX_VALUES, type Volume } from './volume.js';

/** A DICOM file, with what puts it in its place of a series. */
export interface DicomImage extends Volume {
  /** Names the series; no word about the patient. */
  readonly series: string;
  /** Position along the normal of the slices, millimetres; null: not known. */
  readonly position: number | null;
  readonly instance: number;
  /** Two letters, such as CT or MR. */
  readonly modality: string;
  /** What refers to the image names it by. */
  readonly origin: DicomOrigin;
}

/**
 * Reads a DICOM file of one or more frames: values after the modality's rescale, MONOCHROME1 turned so that more is brighter,
 * palettes and YBR as RGB.
 *
 * @throws Error that names the transfer syntax and the remedy where pixels are packed in a way that is not read
 * @source DICOM PS3.3 C.7.6.3 (pixels), C.11.1 (rescale), C.7.6.2 (plane)
 */
export async function readDicom(bytes: Uint8Array): Promise<DicomImage> {
  const data = parseDicom(bytes);
  const element = data.elements.x7fe00010;
  if (element === undefined) {
    const isFloat = data.elements.x7fe00008 ?? data.elements.x7fe00009;
    if (isFloat) throw new Error('its pixels are floats, which are not read: save it as NIfTI');
    const masks = masksName(data);
    throw new Error(masks === null ? 'it holds no pixels' : `${masks}, masks of a series, which are read beside it`);
  }
  const layout = layoutOf(data);
  const stored = await samplesOf(data, element, layout);
  const { width, height, frames } = layout;
  const { values, channels } = coloured(data, stored, layout);
  const shape = { width, height, depth: frames, channels };
  const origin = originOf(data, frames);
  const whole = {
    data: rescaled(data, values, layout, channels),
    ...shape,
    ...placeOf(data),
    ...namesOf(data),
    origin,
  };
  return frames > 1 ? ordered(data, whole) : whole;
}

/** Frames of a file in the order in which they lie in the patient, where each says its own place. */
function ordered(data: DataSet, whole: DicomImage): DicomImage {
  const count = whole.data.length / whole.depth;
  const images = Array.from(
    { length: whole.depth },
    (_, frame): DicomImage => ({
      ...whole,
      ...placeOf(data, frame),
      depth: 1,
      instance: frame,
      data: whole.data.subarray(frame * count, (frame + 1) * count),
      origin: { ...whole.origin, slices: whole.origin.slices.slice(frame, frame + 1) },
    }),
  );
  // Several times or echoes lie in one place.
  const places = new Set(images.map(({ position }) => position?.toFixed(3)));
  return whole.affine !== null && places.size === images.length ? joinSeries(images) : whole;
}

/** The sequences that state something of a frame: of all frames, and of that one. */
const groupsOf = (data: DataSet, frame: number, sequence: string): readonly (DataSet | undefined)[] => [
  itemOf(itemOf(data, 'x52009229'), sequence),
  itemOf(itemOf(data, 'x52009230', frame), sequence),
];

/** Values of the modality, such as Hounsfield units. Whole numbers stay whole where they can. */
function rescaled(data: DataSet, values: PixelData, { isSigned, stored, frames }: Layout, channels: number): PixelData {
  const lines = Array.from({ length: frames }, (_, frame) => lineOf(data, frame));
  if (channels !== 1 || lines.every(([slope, intercept]) => slope === 1 && intercept === 0)) return values;
  const [least, most] = isSigned ? [-(2 ** (stored - 1)), 2 ** (stored - 1) - 1] : [0, 2 ** stored - 1];
  const ends = lines.flatMap(([slope, intercept]) => [least * slope + intercept, most * slope + intercept]);
  const isWhole = lines.flat().every(Number.isInteger) && ends.every((end) => end >= -32_768 && end <= 32_767);
  const into = isWhole ? new Int16Array(values.length) : new Float32Array(values.length);
  const count = values.length / frames;
  for (const [frame, [slope, intercept]] of lines.entries()) {
    for (let i = frame * count; i < (frame + 1) * count; i++) into[i] = (values[i] as number) * slope + intercept;
  }
  return into;
}

/** What values of a frame are multiplied by, and what is added. */
function lineOf(data: DataSet, frame: number): readonly [slope: number, intercept: number] {
  for (const group of [data, ...groupsOf(data, frame, 'x00289145')]) {
    const [slope, intercept] = ['x00281053', 'x00281052'].map((tag) => Number(group?.string(tag) ?? Number.NaN));
    if (Number.isFinite(slope) && Number.isFinite(intercept) && slope !== 0)
      return [slope as number, intercept as number];
  }
  return [1, 0];
}

function placeOf(data: DataSet, frame = 0): Pick<DicomImage, 'spacing' | 'affine' | 'position'> {
  const pick = (sequence: string, tag: string): readonly number[] =>
    [data, ...groupsOf(data, frame, sequence)].map((group) => numbersOf(group, tag)).find(({ length }) => length > 0) ??
    [];
  const positive = (value: number | undefined): number => (value !== undefined && value > 0 ? value : 1);
  const [rows, columns] = pick('x00289110', 'x00280030');
  const [between = pick('x00289110', 'x00180050')[0]] = pick('x00289110', 'x00180088');
  const spacing = [positive(columns), positive(rows), positive(Math.abs(between ?? 1))] as const;
  const cosines = pick('x00209116', 'x00200037');
  const at = pick('x00209113', 'x00200032');
  if (cosines.length !== 6 || at.length !== 3) return { spacing, affine: null, position: null };
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = cosines;
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d];
  // DICOM's axes run to the left and to the back.
  const affine = [0, 1, 2].flatMap((row) => {
    const sign = row < 2 ? -1 : 1;
    const [across, down] = [valueAt(cosines, row), valueAt(cosines, 3 + row)];
    return [across * spacing[0], down * spacing[1], valueAt(normal, row) * spacing[2], valueAt(at, row)].map(
      (value) => sign * value,
    );
  });
  const position = normal.reduce((sum, value, i) => sum + value * valueAt(at, i), 0);
  return { spacing, affine, position };
}

function namesOf(data: DataSet): Pick<DicomImage, 'series' | 'instance' | 'modality'> {
  return {
    series: (data.string('x0020000e') ?? '').slice(0, 64),
    instance: Number(data.string('x00200013') ?? 0) || 0,
    modality: (data.string('x00080060') ?? '').slice(0, 16),
  };
}

function originOf(data: DataSet, frames: number): DicomOrigin {
  const uid = (tag: string): string => (data.string(tag) ?? '').slice(0, 64);
  const own = { sopClass: uid('x00080016'), sopInstance: uid('x00080018') };
  return {
    study: uid('x0020000d'),
    series: uid('x0020000e'),
    frameOfReference: uid('x00200052'),
    slices: Array.from({ length: frames }, (_, i) => ({ ...own, frame: frames > 1 ? i + 1 : null })),
  };
}

/**
 * The slices of a series as one volume, sorted by where they lie in the patient.
 *
 * @throws Error where slices are of different sizes, or some of them lie in one place
 */
export function joinSeries(images: readonly DicomImage[]): DicomImage {
  const isPlaced = images.every(({ position }) => position !== null);
  const sorted = [...images].sort(
    (a, b) => (isPlaced ? (a.position ?? 0) - (b.position ?? 0) : 0) || a.instance - b.instance,
  );
  const [first] = sorted;
  if (first === undefined) throw new Error('it holds no image');
  if (sorted.length === 1) return first;
  const { width, height, channels } = first;
  const odd = sorted.find(
    (one) => one.width !== width || one.height !== height || one.channels !== channels || one.depth !== 1,
  );
  if (odd)
    throw new Error(
      `slices of ${width}x${height}x${channels} and ${odd.width}x${odd.height}x${odd.channels} do not make one volume`,
    );
  const repeated = isPlaced ? sorted.filter((one, i) => i > 0 && isSamePlace(one, valueAt(sorted, i - 1))) : [];
  if (repeated.length > 0 && repeated.length < sorted.length - 1)
    throw new Error(
      `${repeated.length} of its ${sorted.length} slices lie where another does, as of several times or echoes: keep one of them in a folder of its own`,
    );
  const count = width * height * channels;
  if (count * sorted.length > MAX_VALUES)
    throw new Error(`${sorted.length} slices of ${width}x${height} are more than ${MAX_VALUES} values`);
  const isSame = sorted.every(({ data }) => data.constructor === first.data.constructor);
  const data = isSame
    ? new (first.data.constructor as Float32ArrayConstructor)(count * sorted.length)
    : new Float32Array(count * sorted.length);
  for (const [i, one] of sorted.entries()) data.set(one.data, i * count);
  const last = sorted.at(-1) as DicomImage;
  const step = isPlaced
    ? ((last.position as number) - (first.position as number)) / (sorted.length - 1)
    : first.spacing[2];
  const z = step > 0 ? step : first.spacing[2];
  const straight = first.affine?.map((value, i) => (i % 4 === 2 ? (value / first.spacing[2]) * z : value)) ?? null;
  const affine = straight && last.affine ? sheared(straight, last.affine, sorted.length - 1, z) : straight;
  return {
    ...first,
    data: data,
    depth: sorted.length,
    spacing: [first.spacing[0], first.spacing[1], z],
    affine,
    origin: { ...first.origin, slices: sorted.flatMap(({ origin }) => origin.slices) },
  };
}

/** Share of the distance of slices by which each may lie beside the normal of the one before. */
const STRAIGHT = 0.01;

/** The place of slices that were taken with a tilted gantry: each lies a little beside the one before. @param last of the last slice, so many steps away */
function sheared(
  affine: readonly number[],
  last: readonly number[],
  steps: number,
  distance: number,
): readonly number[] {
  const step = [3, 7, 11].map((at) => (valueAt(last, at) - valueAt(affine, at)) / steps);
  const beside = Math.hypot(...step.map((value, row) => value - valueAt(affine, row * 4 + 2)));
  if (beside <= STRAIGHT * distance || Math.hypot(...step) < NO_STEP) return affine;
  return affine.map((value, i) => (i % 4 === 2 ? valueAt(step, (i - 2) / 4) : value));
}

/** Millimetres along the normal that are no step from slice to slice. */
const NO_STEP = 1e-3;

const isSamePlace = (a: DicomImage, b: DicomImage): boolean =>
  Math.abs((a.position as number) - (b.position as number)) < NO_STEP;
