import { MaskError } from '../errors.js';
import { IntervalSet, quickEncode, quickMerge } from '../wasm/rle.js';
import { type Bitmap, decodeRuns, encodeRuns, MAX_BITMAP_BYTES } from './bitmap.js';
import { boxIou } from './boxes.js';
import { MANY, mergeRuns, runsIou } from './overlap.js';
import { boxRuns, polygonRuns } from './polygon.js';
import {
  addRuns,
  checkSize,
  type Rle,
  type Runs,
  runsArea,
  runsBox,
  toRle,
  toRuns,
  type UncompressedRle,
} from './runs.js';

export { type Bitmap, toRowMajor } from './bitmap.js';
export { formatCounts, parseCounts, type Rle, type Runs, toRle, toRuns, type UncompressedRle } from './runs.js';
export { boundary, crop, flip, resize, toPolygons } from './shape.js';

/** Row-major numbers with their [rows, columns]. */
export interface Matrix {
  readonly data: Float64Array;
  readonly shape: readonly [number, number];
}

type Compressed = Rle & { size: [number, number] };

/** Encodes one bitmap, or all of a bitmap with `count`. */
export function encode(bitmap: Bitmap & { count: number }): Compressed[];
export function encode(bitmap: Bitmap): Compressed;
export function encode(bitmap: Bitmap): Compressed | Compressed[] {
  checkSize([bitmap.height, bitmap.width]);
  if (bitmap.count === undefined) return encodeOne(bitmap, 0);
  return Array.from({ length: bitmap.count }, (_, index) => encodeOne(bitmap, index));
}

function encodeOne(bitmap: Bitmap, index: number): Compressed {
  const { data, height, width, order } = bitmap;
  const pixels = height * width;
  const fits = order !== 'C' && (index + 1) * pixels <= data.length;
  const counts = fits ? quickEncode(data, index * pixels, pixels) : null;
  return counts === null ? toRle(encodeRuns(bitmap, index)) : { size: [height, width], counts };
}

/**
 * Decodes to bytes 0 and 1, column-major; a list gives all masks one after another. Pixels beyond the runs are 0.
 * @throws MaskError when runs exceed the mask, sizes differ, or more than 2 GiB would be needed
 */
export function decode(rle: Rle | UncompressedRle): Bitmap & { data: Uint8Array };
export function decode(rles: readonly (Rle | UncompressedRle)[]): Bitmap & { data: Uint8Array; count: number };
export function decode(
  input: Rle | UncompressedRle | readonly (Rle | UncompressedRle)[],
): Bitmap & { data: Uint8Array } {
  const list = Array.isArray(input);
  const masks = (list ? input : [input]).map(toRuns);
  const height = masks[0]?.height ?? 0;
  const width = masks[0]?.width ?? 0;
  if (masks.some((mask) => mask.height !== height || mask.width !== width)) {
    throw new MaskError('masks decoded together must have one size', 'ValueError');
  }
  const pixels = height * width;
  if (pixels * masks.length > MAX_BITMAP_BYTES) {
    throw new MaskError(
      `decoding ${masks.length} masks of ${height}x${width} needs more than ${MAX_BITMAP_BYTES} bytes`,
      'ValueError',
    );
  }
  const data = new Uint8Array(pixels * masks.length);
  for (const [index, mask] of masks.entries()) decodeRuns(mask, data, index * pixels);
  return list ? { data, height, width, count: masks.length } : { data, height, width };
}

/** Union of masks, or their intersection. Different sizes give a 0x0 mask, as pycocotools. */
export function merge(rles: readonly (Rle | UncompressedRle)[], intersect: boolean | 0 | 1 = false): Compressed {
  const [height, width] = rles[0]?.size ?? [];
  if (
    rles.length <= MANY &&
    rles.every(({ size, counts }) => typeof counts === 'string' && size[0] === height && size[1] === width)
  ) {
    const size = rles[0] && checkSize(rles[0].size);
    const counts =
      size &&
      quickMerge(
        rles.map((rle) => rle.counts as string),
        Boolean(intersect),
      );
    if (size && counts) return { size: [...size], counts };
  }
  return toRle(mergeRuns(rles.map(toRuns), Boolean(intersect)));
}

/** Foreground pixels. */
export function area(rle: Rle | UncompressedRle): number;
export function area(rles: readonly (Rle | UncompressedRle)[]): Uint32Array;
export function area(input: Rle | UncompressedRle | readonly (Rle | UncompressedRle)[]): number | Uint32Array {
  return Array.isArray(input)
    ? Uint32Array.from(input, (rle) => runsArea(toRuns(rle)))
    : runsArea(toRuns(input as Rle));
}

/** Tight boxes x, y, width, height in pixels: 4 numbers for one mask, 4N for a list. */
export function toBbox(input: Rle | UncompressedRle | readonly (Rle | UncompressedRle)[]): Float64Array {
  const list = (Array.isArray(input) ? input : [input]) as readonly Rle[];
  const out = new Float64Array(4 * list.length);
  for (const [index, rle] of list.entries()) runsBox(toRuns(rle), out, 4 * index);
  return out;
}

/** What `iou` compares: masks, or boxes x, y, width, height as rows or as one flat array of 4N numbers. */
export type Regions = readonly (Rle | UncompressedRle)[] | readonly (readonly number[])[] | Float64Array;

/**
 * Intersection over union of every detection with every truth, [D, G]; a crowd truth divides by the detection's area.
 * Masks of different sizes give -1.
 * @throws MaskError when the sides mix boxes and masks, a box has not 4 numbers, or iscrowd has not one entry per truth
 */
export function iou(dt: Regions, gt: Regions, iscrowd: ArrayLike<number | boolean>): Matrix {
  const rows = regionCount(dt);
  const columns = regionCount(gt);
  if (iscrowd.length !== columns) {
    throw new MaskError(
      `iscrowd has ${iscrowd.length} values for ${columns} truths: one for each is needed`,
      'AssertionError',
    );
  }
  const data = new Float64Array(rows * columns);
  if (data.length === 0) return { data, shape: [rows, columns] };
  const detections = toRegions(dt);
  const truths = toRegions(gt);
  if ((detections.masks === null) !== (truths.masks === null)) {
    throw new MaskError('one side is masks, the other boxes: both must be the same', 'Exception');
  }
  if (detections.masks && truths.masks && quickIou(detections, truths, iscrowd, data))
    return { data, shape: [rows, columns] };
  for (let d = 0; d < rows; d++) {
    const dtArea = detections.masks === null ? 0 : runsArea(detections.masks[d]!);
    for (let g = 0; g < columns; g++) {
      const crowd = Boolean(iscrowd[g]);
      let value = boxIou(detections.boxes, d, truths.boxes, g, crowd);
      if (value > 0 && detections.masks && truths.masks)
        value = runsIou(detections.masks[d]!, truths.masks[g]!, crowd, dtArea);
      data[d * columns + g] = value;
    }
  }
  return { data, shape: [rows, columns] };
}

/** Masks of one size whose runs fill it, by WebAssembly. @returns false where the portable code has to do it */
function quickIou(
  dt: { boxes: Float64Array; masks: Runs[] | null },
  gt: { boxes: Float64Array; masks: Runs[] | null },
  iscrowd: ArrayLike<number | boolean>,
  data: Float64Array,
): boolean {
  const set = IntervalSet.open();
  const [first] = dt.masks!;
  const all = [...dt.masks!, ...gt.masks!];
  if (set === null || all.some(({ height, width }) => height !== first!.height || width !== first!.width)) return false;
  const lists: { begin: number; end: number; area: number }[] = [];
  for (const { counts, height, width } of all) {
    const list = set.add(counts, height * width);
    if (list === null) return false;
    lists.push(list);
  }
  const D = dt.masks!.length;
  const G = gt.masks!.length;
  for (let d = 0; d < D; d++) {
    for (let g = 0; g < G; g++) {
      const crowd = Boolean(iscrowd[g]);
      const boxes = boxIou(dt.boxes, d, gt.boxes, g, crowd);
      const a = lists[d]!;
      const b = lists[D + g]!;
      const both = boxes > 0 ? set.shared(a, b) : 0;
      data[d * G + g] = boxes > 0 ? (both === 0 ? 0 : both / (crowd ? a.area : a.area + b.area - both)) : boxes;
    }
  }
  return true;
}

const regionCount = (regions: Regions): number =>
  regions instanceof Float64Array ? regions.length / 4 : regions.length;

function toRegions(regions: Regions): { boxes: Float64Array; masks: Runs[] | null } {
  if (regions instanceof Float64Array) {
    if (regions.length % 4 !== 0) throw new MaskError('boxes need 4 numbers each', 'Exception');
    return { boxes: regions, masks: null };
  }
  if (!Array.isArray(regions[0])) {
    const masks = (regions as readonly Rle[]).map(toRuns);
    const boxes = new Float64Array(4 * masks.length);
    for (const [index, mask] of masks.entries()) runsBox(mask, boxes, 4 * index);
    return { boxes, masks };
  }
  const boxes = new Float64Array(4 * regions.length);
  for (const [index, row] of (regions as readonly (readonly number[])[]).entries()) {
    if (!Array.isArray(row) || row.length !== 4)
      throw new MaskError(`box ${index} needs exactly 4 numbers`, 'TypeError');
    boxes.set(row, 4 * index);
  }
  return { boxes, masks: null };
}

/** One mask per polygon [x0, y0, x1, y1, ...], pixels. */
export const frPoly = (polygons: readonly ArrayLike<number>[], h: number, w: number): Compressed[] => {
  checkSize([h, w]);
  return polygons.map((polygon) => toRle(polygonRuns(polygon, h, w)));
};

/** One mask per box x, y, width, height, pixels; rows or a flat array of 4N numbers. */
export const frBbox = (boxes: readonly (readonly number[])[] | Float64Array, h: number, w: number): Compressed[] => {
  checkSize([h, w]);
  const flat = toRegions(boxes).boxes;
  return Array.from({ length: flat.length / 4 }, (_, i) => toRle(boxRuns(flat.subarray(4 * i, 4 * i + 4), h, w)));
};

/** Compresses lists of run lengths. The size is that of each RLE; h and w are accepted for the reference's signature. */
export const frUncompressedRLE = (rles: readonly UncompressedRle[], _h?: number, _w?: number): Compressed[] =>
  rles.map((rle) => toRle(toRuns(rle)));

/** What annotation files carry as a mask. */
export type PyObject = readonly (readonly number[])[] | Float64Array | readonly UncompressedRle[] | UncompressedRle;

/**
 * Masks of polygons (more than 4 numbers each), of flat boxes (Float64Array of 4N), or of uncompressed RLEs; one RLE alone gives
 * one mask. Which it is, the first element decides, as in pycocotools.
 * @throws MaskError on anything else; also on lists of exactly 4 numbers, which pycocotools refuses: use frBbox
 */
export function frPyObjects(input: UncompressedRle, h: number, w: number): Compressed;
export function frPyObjects(input: PyObject, h: number, w: number): Compressed[];
export function frPyObjects(input: unknown, h: number, w: number): Compressed | Compressed[] {
  const runs = toRunsList(input, h, w);
  return Array.isArray(runs) ? runs.map(toRle) : toRle(runs);
}

/** `frPyObjects` without the compression at its end. */
export function toRunsList(input: unknown, h: number, w: number): Runs[] | Runs {
  if (input instanceof Float64Array) {
    checkSize([h, w]);
    return Array.from({ length: input.length / 4 }, (_, i) => boxRuns(input.subarray(4 * i, 4 * i + 4), h, w));
  }
  if (Array.isArray(input)) return listRuns(input, h, w);
  if (isUncompressed(input)) return toRuns(input);
  throw new MaskError('a mask is made of polygons, boxes or an RLE, none of which this is', 'Exception');
}

function listRuns(input: readonly unknown[], h: number, w: number): Runs[] {
  const first = input[0];
  if (first === undefined)
    throw new MaskError('a segmentation without polygons has no mask: one or more are needed', 'IndexError');
  if (isUncompressed(first)) return input.map((rle) => toRuns(rle as UncompressedRle));
  if (!Array.isArray(first) && !ArrayBuffer.isView(first)) {
    throw new MaskError(
      `a segmentation is a list of polygons, each a list of numbers; this one is a list of ${typeof first}s`,
      'TypeError',
    );
  }
  const length = (first as readonly number[]).length;
  if (length === 4) throw new MaskError('a list of 4 numbers is not a polygon: use frBbox for boxes', 'TypeError');
  if (length < 4) throw new MaskError(`a polygon of ${length} numbers has no area: 6 or more are needed`, 'Exception');
  checkSize([h, w]);
  let total = 0;
  return input.map((polygon) => {
    const runs = polygonRuns(checkPolygon(polygon), h, w);
    total = addRuns(total, runs.counts.length);
    return runs;
  });
}

function checkPolygon(polygon: unknown): ArrayLike<number> {
  if (ArrayBuffer.isView(polygon)) return polygon as Float64Array;
  if (!Array.isArray(polygon) || !polygon.every((value) => typeof value === 'number')) {
    throw new MaskError('a polygon is a list of numbers x0, y0, x1, y1, ...', 'TypeError');
  }
  return polygon;
}

function isUncompressed(value: unknown): value is UncompressedRle {
  return (
    typeof value === 'object' && value !== null && 'size' in value && 'counts' in value && !ArrayBuffer.isView(value)
  );
}
