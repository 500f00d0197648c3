import { valueAt } from '../engine/checked.js';
import { DataError } from '../engine/errors.js';
import { decodeMask } from './decode/decodeMask.js';
import { IGNORED, type MaskPatch, type ObjectsTruth, type PanopticTruth, type RgbPixels } from './sample.js';

/** One segment of a label image. */
export interface PanopticSegment {
  /** What its pixels say: red + 256 green + 65536 blue. */
  readonly id: number;
  /** Class index, or IGNORED. */
  readonly label: number;
  /** Row of the objects that it is; null: it is a region of a class without objects, or left out. */
  readonly object: number | null;
}

/** Objects of an image, and the label image that holds their pixels and those of all other segments. Structured-cloneable. */
export interface PanopticFileTruth extends ObjectsTruth {
  readonly kind: 'panoptic-file';
  /** Absolute. */
  readonly file: string;
  readonly segments: readonly PanopticSegment[];
}

/** The segments of a stored truth; none: it is another one. */
export const segmentsOf = (truth: { readonly kind: string }): readonly PanopticSegment[] =>
  truth.kind === 'panoptic-file' ? (truth as PanopticFileTruth).segments : [];

/** Segment id of a colour 0xRRGGBB. */
const idOfColour = (colour: number): number => (colour >> 16) | (colour & 0xff00) | ((colour & 0xff) << 16);

/** Segment ids as the pixels of a label image. */
export function coloursOfIds(ids: Int32Array, { width, height }: { readonly width: number; readonly height: number }) {
  const data = new Uint8Array(ids.length * 3);
  ids.forEach((id, at) => {
    data[at * 3] = id & 0xff;
    data[at * 3 + 1] = (id >> 8) & 0xff;
    data[at * 3 + 2] = id >> 16;
  });
  return { data, width, height } satisfies RgbPixels;
}

/**
 * Reads the label image of an entry.
 *
 * @throws DataError when it is of another size than the image, or a pixel names a segment that is not listed
 */
export async function readPanopticTruth(
  { file, segments, kind: _, ...objects }: PanopticFileTruth,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<PanopticTruth> {
  const stored = await decodeMask(file, { unit: 'colour' });
  if (stored.width !== width || stored.height !== height) {
    throw new DataError(file, `the label image is ${stored.width}x${stored.height}, its image ${width}x${height}`);
  }
  const known = new Map(segments.map((segment) => [segment.id, segment]));
  const mask = new Uint8Array(width * height).fill(IGNORED);
  const owners = new Int32Array(width * height).fill(-1);
  let [last, segment] = [0, known.get(0)];
  stored.data.forEach((colour, at) => {
    if (colour === 0) return;
    if (colour !== last) [last, segment] = [colour, known.get(idOfColour(colour))];
    if (segment === undefined) {
      throw new DataError(file, `a pixel names segment ${idOfColour(colour)}, which its annotation does not list`);
    }
    mask[at] = segment.label;
    owners[at] = segment.object ?? -1;
  });
  const masks = patchesOf(owners, width, objects.labels.length);
  const ignored = objects.ignored.map((value, m) => (valueAt(masks, m).data.length === 0 ? 1 : value));
  return { kind: 'panoptic', ...objects, ignored, masks, mask, width, height };
}

/** The pixels of each object, by the object that each pixel belongs to; -1: none. */
export function patchesOf(owners: Int32Array, width: number, count: number): MaskPatch[] {
  const extents = Array.from({ length: count }, () => ({ left: width, top: Infinity, right: 0, bottom: 0 }));
  owners.forEach((owner, at) => {
    const extent = extents[owner];
    if (extent === undefined) return;
    const [x, y] = [at % width, Math.floor(at / width)];
    extent.left = Math.min(extent.left, x);
    extent.right = Math.max(extent.right, x + 1);
    extent.top = Math.min(extent.top, y);
    extent.bottom = y + 1;
  });
  return extents.map(({ left, top, right, bottom }, m) => {
    if (right === 0) return { left: 0, top: 0, width: 0, height: 0, data: new Uint8Array(0) };
    const data = new Uint8Array((right - left) * (bottom - top));
    for (let y = top, at = 0; y < bottom; y++) {
      for (let x = left; x < right; x++, at++) if (owners[y * width + x] === m) data[at] = 1;
    }
    return { left, top, width: right - left, height: bottom - top, data };
  });
}
