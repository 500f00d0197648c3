import { DataError } from '../engine/errors.js';
import { boxAt } from './boxAt.js';
import { type MaskFilesTruth, type MaskFileTruth, mapValues } from './classMap.js';
import type { Dataset, Entry, Warning } from './dataset.js';
import { decodeDeep } from './decode/decodeDeep.js';
import { decodeImage } from './decode/decodeImage.js';
import { decodeMask, type MaskImage } from './decode/decodeMask.js';
import { shownImage } from './decode/shown.js';
import { type ObjectRegionsTruth, patchOf, patchOfBox } from './instanceMasks.js';
import { ADD_VALUES, refuseUnknownValues } from './masks/advice.js';
import { readSlice, readSliceMask, type SliceTruth } from './medical/slices.js';
import { type PanopticFileTruth, readPanopticTruth } from './panoptic.js';
import { drawRegions, type RegionsTruth } from './regions.js';
import type {
  DetectionTruth,
  InstanceTruth,
  LabelMap,
  LabelTruth,
  Pixels,
  Sample,
  SemanticTruth,
  Truth,
} from './sample.js';

/** What an entry of the readers here carries: the truth itself, or where it comes from. */
export type StoredTruth =
  | DetectionTruth
  | ObjectRegionsTruth
  | LabelTruth
  | MaskFileTruth
  | MaskFilesTruth
  | RegionsTruth
  | SliceTruth
  | PanopticFileTruth;

/**
 * Decodes the image of an entry and its truth. Needs nothing but the entry, so it runs in any worker.
 *
 * @throws DataError naming the file: missing, damaged, or of another size than its annotation or mask says
 */
export async function readSample<T extends Truth = Truth>(entry: Entry): Promise<Sample<T>> {
  const stored = entry as Entry<StoredTruth>;
  // What there is to note was noted when the data set was opened.
  const image = await readImageOf(stored);
  if (stored.width !== null && stored.height !== null) {
    requireSize(stored.file, image, { width: stored.width, height: stored.height });
  }
  return { id: stored.id, image, truth: (await readTruth(stored, image)) as T };
}

async function readImageOf({ file, deep }: Entry): Promise<Pixels> {
  if (deep?.kind === 'slice') {
    const slice = await readSlice(deep);
    return deep.isEye ? shownImage(slice) : slice;
  }
  return deep ? decodeDeep(file) : decodeImage(file, { onNote: () => {} });
}

/** A data set over entries that `readSample` reads. */
export function datasetOf<T extends Truth>(
  labels: LabelMap,
  entries: readonly Entry<StoredTruth>[],
  warnings: readonly Warning[],
  { source, advice, maskValues }: Pick<Dataset, 'source' | 'advice' | 'maskValues'>,
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
    source,
    ...(advice === undefined ? {} : { advice }),
    ...(maskValues && { maskValues }),
    get,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < entries.length; i++) yield await get(i);
    },
  };
}

/**
 * The values of a mask file, which is as large as its image.
 *
 * @throws DataError for another size, unless it is to be resized
 */
export async function decodeMaskOf(
  { file, unit, otherValues, resized }: Pick<MaskFileTruth, 'file' | 'unit' | 'otherValues' | 'resized'>,
  size: Size,
): Promise<MaskImage> {
  const stored = await decodeMask(file, { unit, lossy: otherValues === 'nearest' });
  if (stored.width === size.width && stored.height === size.height) return stored;
  if (resized) return resizeMask(stored, size);
  throw new DataError(file, otherSize(stored, size), 35);
}

interface Size {
  readonly width: number;
  readonly height: number;
}

export const otherSize = (mask: Size, image: Size): string =>
  `the mask is ${mask.width}x${mask.height}, its image ${image.width}x${image.height}: otherSizes: nearest resizes it`;

/** Takes the pixel whose centre is nearest. */
function resizeMask(mask: MaskImage, { width, height }: Size): MaskImage {
  const data = new (mask.data.constructor as Uint32ArrayConstructor)(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.min(mask.height - 1, Math.floor(((y + 0.5) * mask.height) / height)) * mask.width;
    for (let x = 0; x < width; x++) {
      data[y * width + x] = mask.data[row + Math.min(mask.width - 1, Math.floor(((x + 0.5) * mask.width) / width))]!;
    }
  }
  return { ...mask, data, width, height };
}

async function readMask(truth: MaskFileTruth, size: Pixels): Promise<Uint8Array> {
  const { mask, unknownValues } = mapValues(await decodeMaskOf(truth, size), truth);
  if (truth.otherValues !== 'error' || unknownValues.size === 0) return mask;
  const known = truth.values.map(([value]) => value);
  return refuseUnknownValues([[truth.file, unknownValues]], { known, unit: truth.unit, advice: ADD_VALUES });
}

type Stored<Kind extends StoredTruth['kind']> = Extract<StoredTruth, { readonly kind: Kind }>;

/** How each kind of stored truth becomes a truth. */
const READERS: {
  readonly [K in StoredTruth['kind']]: (truth: Stored<K>, image: Pixels, file: string) => Truth | Promise<Truth>;
} = {
  boxes: (truth) => truth,
  labels: (truth) => truth,
  'object-regions': readInstances,
  'panoptic-file': readPanopticTruth,
  'slice-mask': async (truth, image) => classMapOf(await readSliceMask(truth, image), image, truth.overlaps),
  'mask-file': async (truth, image) => classMapOf(await readMask(truth, image), image, truth.overlaps),
  'mask-files': async ({ files }, image) => {
    const mask = new Uint8Array(image.width * image.height);
    for (const file of files) {
      for (const [at, value] of (await readMask(file, image)).entries()) mask[at]! |= value;
    }
    return classMapOf(mask, image, true);
  },
  regions: (truth, image, file) =>
    classMapOf(drawRegions(truth, image.width, image.height, file), image, truth.overlaps),
};

const classMapOf = (mask: Uint8Array, { width, height }: Pixels, overlaps?: true): SemanticTruth => ({
  kind: 'classMap',
  mask,
  width,
  height,
  ...(overlaps && { overlaps }),
});

async function readTruth({ truth, file }: Entry<StoredTruth>, image: Pixels): Promise<Truth> {
  const read = READERS[truth.kind] as (truth: StoredTruth, image: Pixels, file: string) => Truth | Promise<Truth>;
  return read(truth, image, file);
}

/** A region without a pixel, or none at all, leaves an object that is neither learned nor counted. */
function readInstances(
  { segmentations, ...objects }: ObjectRegionsTruth,
  { width, height }: Size,
  file: string,
): InstanceTruth {
  const drawn = segmentations.map((region) => (region === null ? null : patchOf(region, width, height, file)));
  return {
    ...objects,
    kind: 'instances',
    ignored: objects.ignored.map((ignored, m) => (drawn[m] === null ? 1 : ignored)),
    masks: drawn.map((patch, m) => patch ?? patchOfBox(boxAt(objects.boxes, m))),
  };
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
    turned ? 11 : 12,
  );
}
