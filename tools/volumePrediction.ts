import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeIndexedPng } from '../datasets/decode/index.js';
import { hasClass, planeOf } from '../datasets/overlap.js';
import type { Pixels } from '../datasets/sample.js';
import { writeSegmentation } from '../datasets/volumes/dicomSegWrite.js';
import { writeNifti } from '../datasets/volumes/nifti.js';
import { volumeStem } from '../datasets/volumes/readVolume.js';
import { makeFolder, writeWhole } from '../engine/files/write.js';
import { shownName } from '../engine/printable.js';
import type { Task } from '../heads/index.js';
import type { VolumePrediction } from '../training/run/index.js';
import { classColor, type Rgb } from './draw/palette.js';
import { fileWord, freePath, type ShownPrediction, showPrediction } from './prediction.js';

/** A channel of a case as nnU-Net names it: before _0000. */
const CHANNEL = /^(.*)_(\d{4})$/;

/** Volumes one by one; of a network of several channels those that nnU-Net's names (`_0000`, `_0001`, ...) say belong together. */
export function casesOf(files: readonly string[], channels: number): readonly (readonly string[])[] {
  if (channels === 1) return files.map((file) => [file]);
  const cases = new Map<string, string[]>();
  for (const file of files) {
    const name = CHANNEL.exec(volumeStem(file))?.[1] ?? file;
    cases.set(name, [...(cases.get(name) ?? []), file].sort());
  }
  return [...cases.values()];
}

/** Values that are drawn from black to white: their middle and how far they reach. */
export type Window = readonly [centre: number, width: number];

/** How much of each class a volume holds, and a slice of it. @param window null: from percentile 0.5 to 99.5 of the volume */
export function showVolume(
  found: VolumePrediction,
  task: Task,
  names: readonly string[],
  window: Window | null = null,
): ShownPrediction {
  const { file, labels, overlaps, shown, slices, millilitres } = found;
  const image = window === null ? shown.image : windowed(shown.image, window);
  const { drawn } = showPrediction({ file, image, result: shown.result }, task, { names, threshold: 0 });
  const counts = new Float64Array(256);
  for (const label of labels) counts[label]!++;
  const classes = names.map((label, i) => {
    const voxels = overlaps ? counts.reduce((sum, count, set) => sum + (hasClass(set, i) ? count : 0), 0) : counts[i]!;
    return { label, voxels, millilitres: millilitres === null ? null : voxels * millilitres };
  });
  const lines = classes.map(
    ({ label, voxels, millilitres: volume }) =>
      `  ${volume === null ? `${voxels} voxels` : `${volume.toFixed(2)} ml`}  ${shownName(label)}`,
  );
  return { value: { image: file, slices, classes }, text: [shownName(file), ...lines].join('\n'), drawn };
}

/** An image whose figures are those of a window, by which it is drawn. */
export function windowed(image: Pixels, [centre, width]: Window): Pixels {
  if (image.statistics === undefined) return image;
  const limits = { low: centre - width / 2, high: centre + width / 2 };
  const channels = image.statistics.channels.map((channel) => Object.assign({}, channel, limits));
  return { ...image, statistics: { ...image.statistics, channels } };
}

/** Volumes one after the other, as NIfTI has them along its fourth axis. */
function joinedPlanes(planes: readonly Uint8Array[]): Uint8Array {
  const length = planes[0]?.length ?? 0;
  const all = new Uint8Array(length * planes.length);
  for (const [i, plane] of planes.entries()) all.set(plane, i * length);
  return all;
}

/** Endings of the masks of volumes, by what they were read from. */
const ENDINGS = { series: '_seg.dcm', plain: '.nii', packed: '.nii.gz', image: '.png' } as const;

const maskPath = (file: string, folder: string, ending: string): string =>
  join(folder, `${basename(volumeStem(file))}${ending}`);

/** The files that the mask of a volume may become, beside pictures of slices. */
export const volumeMasks = (file: string, folder: string): readonly string[] =>
  Object.values(ENDINGS).map((ending) => maskPath(file, folder, ending));

/** Leaves the names that the mask of a volume may get to another process, which writes it. */
export function leaveMasks(file: string, folder: string): void {
  for (const ending of Object.values(ENDINGS)) freePath((suffix) => maskPath(file, folder, `${suffix}${ending}`));
}

/**
 * Writes the classes of a volume: of a DICOM series a DICOM-SEG that refers to it; a NIfTI on the same grid and in the same place, where the volume has one; else a palette PNG for each
 * slice. Values are positions of classes; of classes that may overlap a NIfTI has a volume for each along its fourth axis, of 0 and 1, a DICOM-SEG
 * a segment, and PNGs are of each class. A second volume of the same name gets a number.
 */
export function writeVolumeMask(
  { file, volume, labels, overlaps }: VolumePrediction,
  folder: string,
  classes: readonly string[],
): void {
  const remedy = 'choose another folder with --masks';
  makeFolder(folder, remedy);
  const write = (ending: string, bytes: Uint8Array): void =>
    writeWhole(
      freePath((suffix) => maskPath(file, folder, `${suffix}${ending}`)),
      [bytes],
      remedy,
    );
  const { affine, origin } = volume;
  if (affine !== null && origin !== undefined) {
    write(ENDINGS.series, writeSegmentation(labels, { ...volume, affine }, origin, classes, { overlaps }));
    return;
  }
  if (affine !== null) {
    const planes = overlaps ? classes.map((_, label) => planeOf(labels, label)) : [labels];
    const bytes = writeNifti(
      planes.length === 1 ? planes[0]! : joinedPlanes(planes),
      volume,
      volume.header,
      planes.length,
    );
    if (file.endsWith(ENDINGS.plain)) write(ENDINGS.plain, bytes);
    else write(ENDINGS.packed, gzipSync(bytes));
    return;
  }
  const { width, height, depth } = volume;
  const palette = Array.from({ length: 256 }, (_, i): Rgb => (i === 0 ? [0, 0, 0] : classColor(i)));
  for (let z = 0; z < depth; z++) {
    const slice = labels.subarray(z * width * height, (z + 1) * width * height);
    const number = depth === 1 ? '' : `-${String(z).padStart(3, '0')}`;
    if (!overlaps) write(`${number}${ENDINGS.image}`, encodeIndexedPng({ data: slice, width, height }, palette));
    for (const [label, name] of overlaps ? classes.entries() : []) {
      const data = planeOf(slice, label);
      write(`${number}_${fileWord(name)}${ENDINGS.image}`, encodeIndexedPng({ data, width, height }, palette));
    }
  }
}
