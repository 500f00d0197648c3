import { DataError } from '../engine/errors.js';
import { type MaskFileTruth, mapValues, refuseStrays } from './classMap.js';
import type { Dataset, Entry, Warning } from './dataset.js';
import { decodeImage } from './decode/decodeImage.js';
import { decodeMask } from './decode/decodeMask.js';
import { drawRegions, type RegionsTruth } from './regions.js';
import type { DetectionTruth, LabelMap, Pixels, Sample, SemanticTruth, Truth } from './sample.js';

/** What an entry of the readers here carries: the truth itself, or where it comes from. */
export type StoredTruth = DetectionTruth | MaskFileTruth | RegionsTruth;

/**
 * Decodes the image of an entry and its truth. Needs nothing but the entry, so it runs in any worker.
 *
 * @throws DataError naming the file: missing, damaged, or of another size than its annotation or mask says
 */
export async function readSample<T extends Truth = Truth>(entry: Entry): Promise<Sample<T>> {
  const stored = entry as Entry<StoredTruth>;
  // What there is to note was noted when the data set was opened.
  const image = await decodeImage(stored.file, { onNote: () => {} });
  if (stored.width !== null && stored.height !== null) {
    requireSize(stored.file, image, { width: stored.width, height: stored.height });
  }
  return { id: stored.id, image, truth: (await readTruth(stored, image)) as T };
}

/** A data set over entries that `readSample` reads. */
export function datasetOf<T extends Truth>(
  labels: LabelMap,
  entries: readonly Entry<StoredTruth>[],
  warnings: readonly Warning[],
): Dataset<T> {
  const get = async (index: number): Promise<Sample<T>> => {
    const entry = entries[index];
    if (entry === undefined) throw new RangeError(`sample ${index} of ${entries.length}`);
    return readSample<T>(entry);
  };
  return {
    labels,
    size: entries.length,
    entries,
    warnings,
    get,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < entries.length; i++) yield await get(i);
    },
  };
}

/** The class map of a mask file, checked against the size of its image. */
export async function readMask(truth: MaskFileTruth, size: { width: number; height: number }) {
  const stored = await decodeMask(truth.file);
  if (stored.width !== size.width || stored.height !== size.height) {
    throw new DataError(
      truth.file,
      `the mask is ${stored.width}x${stored.height}, its image ${size.width}x${size.height}`,
    );
  }
  const mapped = mapValues(stored, truth);
  if (truth.otherValues === 'error' && mapped.strays.size > 0) {
    refuseStrays(
      truth.file,
      mapped.strays,
      truth.values.map(([value]) => value),
    );
  }
  return mapped;
}

async function readTruth(entry: Entry<StoredTruth>, { width, height }: Pixels): Promise<Truth> {
  const { truth } = entry;
  if (truth.kind === 'detection') return truth;
  const mask: Uint8Array =
    truth.kind === 'mask-file'
      ? (await readMask(truth, { width, height })).mask
      : drawRegions(truth, width, height, entry.file);
  return { kind: 'semantic', mask, width, height } satisfies SemanticTruth;
}

/** @throws DataError with both sizes; a quarter turn apart, it names the likely cause */
export function requireSize(
  file: string,
  found: { readonly width: number; readonly height: number },
  stated: { readonly width: number; readonly height: number },
): void {
  if (found.width === stated.width && found.height === stated.height) return;
  const turned = found.width === stated.height && found.height === stated.width;
  throw new DataError(
    file,
    `the image is ${found.width}x${found.height}, its annotation says ${stated.width}x${stated.height}` +
      (turned ? ': it was annotated without its EXIF orientation, save it upright or annotate it again' : ''),
  );
}
