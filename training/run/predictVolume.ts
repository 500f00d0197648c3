import { statSync } from 'node:fs';
import { caseStatistics } from '../../datasets/caseStatistics.js';
import { shownImage } from '../../datasets/decode/index.js';
import { type KeptLargest, keepLargest } from '../../datasets/evaluators/index.js';
import {
  type Axis,
  joined,
  planeOf,
  repeated,
  replaceOdd,
  requireGrid,
  sliceWithin,
  thickestAxis,
} from '../../datasets/medical/slices.js';
import type { CaseStatistics, ClassMap, Pixels } from '../../datasets/sample.js';
import { type ReadVolume, readVolume } from '../../datasets/volumes/readVolume.js';
import { eachVoxel, orientationOf, toRas, type Volume } from '../../datasets/volumes/volume.js';
import { valueAt } from '../../engine/checked.js';
import { ConfigError, DataError, ShapeError } from '../../engine/errors.js';
import type { Predictor } from '../predictor.js';

export interface PredictVolumeOptions {
  /** Planes that the network was trained on; null: across the thickest slices. */
  readonly axis: Axis | null;
  /** Slices that the network sees together as channels: an odd number. */
  readonly slices: number;
  /** False: slices are shown to the network as 8-bit RGB. */
  readonly isDeep: boolean;
  /** Classes of which only the largest component of the volume is kept; null: all is. Defaults to null. */
  readonly kept?: KeptLargest | null;
  /** Slice that is shown, from 0. Defaults to the one with the most of what is no background. */
  readonly shown?: number | null;
}

/** The classes of a volume. */
export interface VolumePrediction {
  /** Path as it was given. */
  readonly file: string;
  readonly volume: ReadVolume;
  /** [depth * height * width] class index, as the volume stores its voxels; of classes that may overlap their set. */
  readonly labels: Uint8Array;
  /** Whether classes may overlap. */
  readonly overlaps: boolean;
  /** A slice and its classes: the one that was asked for, or that with the most of what is no background. */
  readonly shown: { readonly index: number; readonly image: Pixels; readonly result: ClassMap };
  readonly slices: number;
  /** Volume of one voxel, millilitres; null: the file does not say how large voxels are. */
  readonly millilitres: number | null;
}

/**
 * Answers a volume slice by slice, a batch at a time.
 *
 * @param files volumes, or folders of DICOM series, on one grid: the channels of each follow those before; the answer has the first one's name
 *   and place
 * @throws DataError when one cannot be read, has another grid or other channels than the network, or not the slice that is to be shown; ConfigError for a network that gives no class maps
 */
export async function predictVolume<Result>(
  predictor: Predictor<Result>,
  files: readonly string[],
  { axis: wanted, slices: together, isDeep, shown = null, kept = null }: PredictVolumeOptions,
): Promise<VolumePrediction> {
  const [file = ''] = files;
  const all = await Promise.all(
    files.map((path) => readVolume(path, statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)),
  );
  for (const [i, { data }] of all.entries()) replaceOdd(files[i] ?? '', data);
  const [stored] = all as [ReadVolume];
  const isStored = all.some(({ affine }) => affine === null);
  const placedAll = all.map((one) => (isStored ? { ...one, affine: null } : toRas(one)));
  const [volume] = placedAll as [Volume];
  for (const [i, one] of placedAll.entries()) requireGrid(files[i] ?? '', one, volume);
  const each = placedAll.map((one) => caseStatistics(one.data, one));
  const statistics = (count: number): CaseStatistics => ({
    channels: each.flatMap((one) => repeated(one, count).channels),
    cropped: Math.max(...each.map(({ cropped }) => cropped)),
  });
  const axis = wanted ?? thickestAxis(volume);
  const slices = [volume.width, volume.height, volume.depth][axis] as number;
  if (shown !== null && !(shown >= 0 && shown < slices))
    throw new DataError(file, `it has ${slices} slices, 0 to ${slices - 1}: there is no slice ${shown}`);
  const sliceOf = (index: number, count: number): Pixels => {
    const parts = placedAll.map((one) => sliceWithin(one, axis, index, count));
    return { ...valueAt(parts, 0), data: joined(parts), statistics: statistics(count) };
  };
  const imageOf = (index: number): Pixels => {
    const slice = sliceOf(index, together);
    return isDeep ? slice : shownImage(slice);
  };
  const placed = new Uint8Array(volume.width * volume.height * volume.depth);
  let best = { index: 0, count: -1, result: null as ClassMap | null };
  for (let from = 0; from < slices; from += predictor.batchSize) {
    const images = Array.from({ length: Math.min(predictor.batchSize, slices - from) }, (_, i) => imageOf(from + i));
    const answers = await predictor.predict(images).catch((error: unknown) => {
      throw error instanceof ShapeError ? new DataError(file, error.message) : error; // the next volume may fit
    });
    for (const [i, answer] of answers.entries()) {
      const result = classMapOf(answer);
      const count = layInto(placed, result, planeOf(volume, axis, from + i));
      if (shown === null ? count > best.count : from + i === shown) best = { index: from + i, count, result };
    }
  }
  const { depth, height, width } = volume;
  const answered = kept === null ? placed : keepLargest(placed, [depth, height, width], kept);
  const labels = new Uint8Array(answered.length);
  if (isStored) labels.set(answered);
  else {
    eachVoxel(stored, orientationOf(stored), (at, ras) => {
      labels[at] = answered[ras] as number;
    });
  }
  const [x, y, z] = stored.spacing;
  const isSized = stored.affine !== null || stored.kind === 'nrrd' || stored.kind === 'meta' || stored.kind === 'dicom';
  return {
    file,
    volume: stored,
    labels,
    overlaps: best.result?.overlaps === true,
    shown: { index: best.index, image: sliceOf(best.index, 1), result: best.result as ClassMap },
    slices,
    millilitres: isSized ? (x * y * z) / 1000 : null,
  };
}

function classMapOf(answer: unknown): ClassMap {
  if (typeof answer === 'object' && answer !== null && 'mask' in answer) return answer as ClassMap;
  throw new ConfigError('volumes are answered by class maps, and this model finds objects: give it images');
}

/** Writes a slice's classes into the volume. @returns pixels that are no background */
function layInto(placed: Uint8Array, { mask, width, height }: ClassMap, plane: ReturnType<typeof planeOf>): number {
  let count = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const index = mask[y * width + x]!;
      placed[plane.at(x, y)] = index;
      if (index > 0) count++;
    }
  }
  return count;
}
