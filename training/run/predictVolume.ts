import { statSync } from 'node:fs';
import { caseStatistics } from '../../datasets/caseStatistics.js';
import { shownImage } from '../../datasets/decode/index.js';
import { type Axis, planeOf, repeated, sliceWithin, thickestAxis } from '../../datasets/medical/slices.js';
import type { ClassMap, Pixels } from '../../datasets/sample.js';
import { type ReadVolume, readVolume } from '../../datasets/volumes/readVolume.js';
import { eachVoxel, orientationOf, toRas } from '../../datasets/volumes/volume.js';
import { ConfigError } from '../../engine/errors.js';
import type { Predictor } from '../predictor.js';

export interface PredictVolumeOptions {
  /** Planes that the network was trained on; null: across the thickest slices. */
  readonly axis: Axis | null;
  /** Slices that the network sees together as channels: an odd number. */
  readonly slices: number;
  /** False: slices are shown to the network as 8-bit RGB. */
  readonly isDeep: boolean;
}

/** The classes of a volume. */
export interface VolumePrediction {
  /** Path as it was given. */
  readonly file: string;
  readonly volume: ReadVolume;
  /** [depth * height * width] class index, as the volume stores its voxels. */
  readonly labels: Uint8Array;
  /** The slice with the most of what is no background, and its classes. */
  readonly shown: { readonly index: number; readonly image: Pixels; readonly result: ClassMap };
  readonly slices: number;
  /** Of one voxel, millilitres; null: the file does not say how large voxels are. */
  readonly millilitres: number | null;
}

/**
 * Answers a volume slice by slice, a batch at a time.
 *
 * @param file a volume, or the folder of a DICOM series
 * @throws DataError when it cannot be read; ConfigError for a network that gives no class maps
 */
export async function predictVolume<Result>(
  predictor: Predictor<Result>,
  file: string,
  { axis: wanted, slices: together, isDeep }: PredictVolumeOptions,
): Promise<VolumePrediction> {
  const stored = await readVolume(file, statSync(file, { throwIfNoEntry: false })?.isDirectory() === true);
  const volume = toRas(stored);
  const statistics = caseStatistics(volume.data, volume);
  const axis = wanted ?? thickestAxis(volume);
  const slices = [volume.width, volume.height, volume.depth][axis] as number;
  const imageOf = (index: number, count = together): Pixels => {
    const slice = { ...sliceWithin(volume, axis, index, count), statistics: repeated(statistics, count) };
    return isDeep ? slice : shownImage(slice);
  };
  const placed = new Uint8Array(volume.width * volume.height * volume.depth);
  let best = { index: 0, count: -1, result: null as ClassMap | null };
  for (let from = 0; from < slices; from += predictor.batchSize) {
    const images = Array.from({ length: Math.min(predictor.batchSize, slices - from) }, (_, i) => imageOf(from + i));
    for (const [i, answer] of (await predictor.predict(images)).entries()) {
      const result = classMapOf(answer);
      const count = layInto(placed, result, planeOf(volume, axis, from + i));
      if (count > best.count) best = { index: from + i, count, result };
    }
  }
  const labels = new Uint8Array(placed.length);
  if (stored.affine === null) labels.set(placed);
  else {
    eachVoxel(stored, orientationOf(stored), (at, ras) => {
      labels[at] = placed[ras] as number;
    });
  }
  const [x, y, z] = stored.spacing;
  const isSized = stored.affine !== null || stored.kind === 'nrrd' || stored.kind === 'meta' || stored.kind === 'dicom';
  return {
    file,
    volume: stored,
    labels,
    shown: { index: best.index, image: imageOf(best.index, 1), result: best.result as ClassMap },
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
      const index = mask[y * width + x] as number;
      placed[plane.at(x, y)] = index;
      if (index > 0) count++;
    }
  }
  return count;
}
