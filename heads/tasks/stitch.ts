import { boxAt } from '../../datasets/boxAt.js';
import { packPatch, patchOfMask } from '../../datasets/packedMasks.js';
import type { ClassMap, ClassScores, Detections, Instances, PackedMask, Panoptic } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { ShapeError } from '../../engine/errors.js';
import { suppress } from '../boxes/nms.js';
import { mergePanoptic } from '../panoptic/merge.js';
import type { StitchedTile } from './task.js';

type Size = Pick<StitchedTile, 'width' | 'height'>;

/** Class maps of overlapping tiles: every pixel is that of the tile in which it lies deepest. */
export function stitchClassMaps({ width, height }: Size) {
  const mask = new Uint8Array(width * height);
  let overlaps = false;
  return {
    add: (part: ClassMap, { x, y, kept: [left, top, right, bottom] }: StitchedTile): void => {
      overlaps = part.overlaps === true;
      for (let row = top; row < bottom; row++) {
        const from = (row - y) * part.width - x;
        mask.set(part.mask.subarray(from + left, from + right), row * width + left);
      }
    },
    finish: (): ClassMap => ({ mask, width, height, ...(overlaps && { overlaps: true as const }) }),
  };
}

/** Deviation of the Gaussian, as a share of a tile's side. @source nnU-Net v2, inference/sliding_window_prediction.py: compute_gaussian, sigma_scale */
const SIGMA = 1 / 8;

/** [side] 1 in the middle. */
const bell = (side: number): Float64Array =>
  Float64Array.from({ length: side }, (_, i) => Math.exp(-0.5 * ((i - (side - 1) / 2) / (side * SIGMA)) ** 2));

/**
 * Class maps of overlapping tiles by the mean of their probabilities, in which a tile counts most in its middle. Tiles come row by row: as soon
 * as a row begins, what lies above is decided, so that probabilities of one row of tiles are held and no more.
 */
export function blendClassMaps({ width, height }: Size) {
  const mask = new Uint8Array(width * height);
  let [band, classes, top] = [new Float32Array(0), 1, 0];
  let overlaps = false;
  /** Sums of the tiles' weights in the band; half of them makes a class that may overlap others. */
  let weights = new Float32Array(0);
  /** Decides the rows from the first open one to `end`, and moves those below to its place. */
  const decide = (end: number): void => {
    const row = width * classes;
    for (let at = 0; at < (Math.min(end, height) - top) * width; at++) {
      let [best, set] = [0, 0];
      for (let k = 0; k < classes; k++) {
        if (band[at * classes + k]! > band[at * classes + best]!) best = k;
        if (band[at * classes + k]! > weights[at]! / 2) set |= 1 << k;
      }
      mask[top * width + at] = overlaps ? set : best;
    }
    for (const [values, step] of [
      [band, row],
      [weights, width],
    ] as const) {
      values.copyWithin(0, (end - top) * step);
      values.fill(0, Math.max(0, values.length - (end - top) * step));
    }
    top = end;
  };
  return {
    add: (
      { classProbabilities: probabilities, width: columns, height: rows, overlaps: isSet }: ClassMap,
      { x, y }: StitchedTile,
    ): void => {
      if (!probabilities)
        throw new ShapeError('tiles are blended by probabilities: make the predictor with probabilities: true');
      if (band.length === 0) {
        classes = probabilities.length / (columns * rows);
        band = new Float32Array(width * classes * rows);
        weights = new Float32Array(width * rows);
        overlaps = isSet === true;
      }
      if (y > top) decide(y);
      const [across, down] = [bell(columns), bell(rows)];
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const weight = down[row]! * across[column]!;
          const from = (row * columns + column) * classes;
          const pixel = (y - top + row) * width + x + column;
          const to = pixel * classes;
          weights[pixel]! += weight;
          for (let k = 0; k < classes; k++) band[to + k]! += weight * probabilities[from + k]!;
        }
      }
    },
    finish: (): ClassMap => {
      decide(height);
      return { mask, width, height, ...(overlaps && { overlaps: true as const }) };
    },
  };
}

/**
 * Class probabilities of tiles: of classes that exclude each other the mean by the area that each tile counts for; of others the
 * largest, as what one tile shows the image has.
 */
export function stitchScores(_size: Size) {
  let [sum, area, isExclusive] = [new Float64Array(0), 0, true];
  return {
    add: (part: ClassScores, { kept: [left, top, right, bottom] }: StitchedTile): void => {
      const weight = (right - left) * (bottom - top);
      if (sum.length === 0) sum = new Float64Array(part.probabilities.length);
      isExclusive = part.isExclusive;
      area += weight;
      for (const [label, value] of part.probabilities.entries()) {
        sum[label] = isExclusive ? sum[label]! + weight * value : Math.max(sum[label]!, value);
      }
    },
    finish: (): ClassScores => ({
      probabilities: Float32Array.from(sum, (value) => (isExclusive ? value / Math.max(1, area) : value)),
      isExclusive,
    }),
  };
}

/** IoU from which on two boxes of one class are one object. */
const SAME = 0.5;
/** Share of a box that ends at the edge of its tile, from which on one of its class that covers it is the whole object. */
const COVERED = 0.6;
/** Pixels between a box and the edge of its tile that it is cut by. */
const AT_EDGE = 2;

/** One object, in pixels of the whole image. */
interface Found<Extra> {
  readonly box: Box;
  readonly label: number;
  readonly score: number;
  /** The edge of its tile cuts it. */
  readonly isCut: boolean;
  readonly extra: Extra;
}

/**
 * Objects of overlapping tiles. A tile reports those whose centre it is nearest to; one that its edge cuts gives way to
 * one of the same class whose box covers it, which another tile or the whole image found; of the rest the best stay.
 */
function collectObjects<Extra>({ width, height }: Size) {
  const found: Found<Extra>[] = [];
  return {
    add: ({ boxes, labels, scores }: Detections, tile: StitchedTile, extraOf: (index: number) => Extra): void => {
      const isWhole = tile.width === width && tile.height === height;
      const [left, top, right, bottom] = tile.kept;
      for (let i = 0; i < scores.length; i++) {
        const [x1, y1, x2, y2] = boxAt(boxes, i);
        const isCut =
          !isWhole &&
          ((tile.x > 0 && x1 < AT_EDGE) ||
            (tile.y > 0 && y1 < AT_EDGE) ||
            (tile.x + tile.width < width && x2 > tile.width - AT_EDGE) ||
            (tile.y + tile.height < height && y2 > tile.height - AT_EDGE));
        const [x, y] = [tile.x + (x1 + x2) / 2, tile.y + (y1 + y2) / 2];
        if (!isWhole && !isCut && (x < left || x >= right || y < top || y >= bottom)) continue;
        const box = [x1 + tile.x, y1 + tile.y, x2 + tile.x, y2 + tile.y] as const;
        found.push({ box, label: labels[i]!, score: scores[i]!, isCut, extra: extraOf(i) });
      }
    },
    finish: (): Detections & { readonly extras: readonly Extra[] } => {
      const entire = found.filter(({ isCut }) => !isCut);
      const all = found
        .filter((one) => !one.isCut || !entire.some((other) => other.label === one.label && covers(other.box, one.box)))
        .sort((a, b) => b.score - a.score);
      const boxes = Float64Array.from(all.flatMap(({ box }) => box));
      const labels = Int32Array.from(all, ({ label }) => label);
      const scores = Float32Array.from(all, ({ score }) => score);
      const kept = suppress({ boxes, labels, scores }, SAME, all.length).rows.map((row) => valueAt(all, row));
      return {
        boxes: Float32Array.from(kept.flatMap(({ box }) => box)),
        labels: Int32Array.from(kept, ({ label }) => label),
        scores: Float32Array.from(kept, ({ score }) => score),
        extras: kept.map(({ extra }) => extra),
      };
    },
  };
}

/** Boxes of overlapping tiles. */
export function stitchDetections(size: Size) {
  const objects = collectObjects<null>(size);
  return {
    add: (part: Detections, tile: StitchedTile): void => objects.add(part, tile, () => null),
    finish: (): Detections => {
      const { boxes, labels, scores } = objects.finish();
      return { boxes, labels, scores };
    },
  };
}

/** Objects with masks of overlapping tiles; a mask is moved to where its tile lies. */
export function stitchInstances(size: Size) {
  const objects = collectObjects<PackedMask>(size);
  return {
    add: (part: Instances, tile: StitchedTile): void =>
      objects.add(part, tile, (index) => moved(valueAt(part.masks, index), tile, size)),
    finish: (): Instances => {
      const { extras, ...found } = objects.finish();
      return { ...found, masks: extras };
    },
  };
}

/** Objects as of `stitchInstances`, and regions as of `stitchClassMaps` where no object lies. */
export function stitchPanoptic(size: Size) {
  const [things, stuff] = [stitchInstances(size), stitchClassMaps(size)];
  return {
    add: (part: Panoptic, tile: StitchedTile): void => {
      things.add(part.things, tile);
      stuff.add(part.stuff, tile);
    },
    finish: (): Panoptic => mergePanoptic(things.finish(), stuff.finish(), ALL),
  };
}

/** What tiles have told stays. */
const ALL = { scoreThreshold: 0, visible: 0, stuffShare: 0 } as const;

function moved(mask: PackedMask, { x, y }: StitchedTile, image: Size): PackedMask {
  const patch = patchOfMask(mask) ?? {
    left: 0,
    top: 0,
    width: 0,
    height: 0,
    data: new Uint8Array(),
  };
  return packPatch({ ...patch, left: patch.left + x, top: patch.top + y }, image);
}

type Box = readonly [x1: number, y1: number, x2: number, y2: number];

function covers(whole: Box, part: Box): boolean {
  const width = Math.min(whole[2], part[2]) - Math.max(whole[0], part[0]);
  const height = Math.min(whole[3], part[3]) - Math.max(whole[1], part[1]);
  const area = (part[2] - part[0]) * (part[3] - part[1]);
  return width > 0 && height > 0 && width * height >= COVERED * area;
}
