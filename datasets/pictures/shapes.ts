import { valueAt } from '../../engine/checked.js';
import { boxAt } from '../boxAt.js';
import { shownImage } from '../decode/shown.js';
import { answeredOf, bestFirst } from '../evaluators/classification.js';
import type { ScoredBoxes } from '../evaluators/detection.js';
import { topClasses } from '../overlap.js';
import { patchOfMask } from '../packedMasks.js';
import type {
  ClassMap,
  ClassScores,
  Instances,
  InstanceTruth,
  LabelTruth,
  ObjectsTruth,
  Pixels,
  RgbPixels,
  SemanticTruth,
} from '../sample.js';
import { affineOf, letterbox, letterboxPlacement, warpMask } from '../transforms/index.js';
import { type OutlineLines, outlineOf } from './outline.js';

/** What stands on a picture, as plain JSON: boxes, a class map, or the classes of the whole. */
export interface Shapes {
  /** Boxes; those with a score best first. */
  readonly boxes?: readonly ShapeBox[];
  readonly map?: RunMap;
  /** Labels of the whole image, the most probable first. */
  readonly labels?: readonly ShapeLabel[];
}

/** A class of the whole image. */
export interface ShapeLabel {
  /** Class index. */
  readonly label: number;
  /** Probability; absent: a truth. */
  readonly score?: number;
}

/** A box in pixels of the original image. */
export interface ShapeBox {
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
  /** Class index. */
  readonly label: number;
  /** In [0, 1]; absent: a truth. */
  readonly score?: number;
  /** Around its pixels, where it has some. */
  readonly outline?: OutlineLines;
  /** Neither to be found nor a fault when it is. */
  readonly ignored?: true;
}

/** A class map, row by row, as runs: a class index and how many pixels it lasts, again and again. */
export interface RunMap {
  readonly width: number;
  readonly height: number;
  readonly runs: readonly number[];
}

/** What a truth or an answer draws. */
export type Drawable =
  | ObjectsTruth
  | InstanceTruth
  | Instances
  | SemanticTruth
  | LabelTruth
  | ScoredBoxes
  | ClassMap
  | ClassScores;

/** Longest side of a class map that is kept for a picture, pixels. */
const MAP_SIDE = 320;
/** Boxes of one image that are kept for a picture. */
const MOST_BOXES = 300;
/** Classes of one image that are kept, and of those that exclude each other. */
const [MOST_LABELS, MOST_GUESSES] = [20, 3];

/** @param threshold lowest score of a box that is shown; classes of the whole image have their own */
export function shapesOf(drawable: Drawable, threshold = 0): Shapes {
  // The last of a pixel's classes is shown where classes overlap.
  if ('mask' in drawable)
    return { map: runsOf(drawable.overlaps ? { ...drawable, mask: topClasses(drawable.mask) } : drawable) };
  if ('boxes' in drawable) return { boxes: boxesOf(drawable, threshold) };
  return { labels: labelsOf(drawable) };
}

function labelsOf(drawable: LabelTruth | ClassScores): readonly ShapeLabel[] {
  if ('labels' in drawable) return Array.from(drawable.labels, (label) => ({ label }));
  const { probabilities, isExclusive } = drawable;
  const ranked = bestFirst(probabilities, isExclusive ? MOST_GUESSES : MOST_LABELS);
  const there = new Set(isExclusive ? ranked : answeredOf(probabilities));
  return ranked
    .filter((label) => there.has(label))
    .map((label) => ({ label, score: Math.round(valueAt(probabilities, label) * 1000) / 1000 }));
}

function boxesOf(drawable: Extract<Drawable, { boxes: unknown }>, threshold: number): readonly ShapeBox[] {
  const scores = 'scores' in drawable ? drawable.scores : null;
  const ignored = 'ignored' in drawable ? drawable.ignored : null;
  const masks = 'masks' in drawable ? drawable.masks : null;
  const found: ShapeBox[] = [];
  for (let i = 0; i < drawable.labels.length && found.length < MOST_BOXES; i++) {
    const score = scores?.[i];
    if (score !== undefined && score < threshold) continue;
    const [x1, y1, x2, y2] = boxAt(drawable.boxes, i);
    const mask = masks?.[i];
    const patch = mask && 'counts' in mask ? patchOfMask(mask) : mask;
    found.push({
      box: [tenth(x1), tenth(y1), tenth(x2), tenth(y2)],
      label: drawable.labels[i] ?? 0,
      ...(score === undefined ? {} : { score: Math.round(score * 1000) / 1000 }),
      ...(patch ? { outline: outlineOf(patch) } : {}),
      ...(ignored?.[i] === 1 ? { ignored: true as const } : {}),
    });
  }
  return found;
}

const tenth = (pixels: number): number => Math.round(pixels * 10) / 10;

/** [height, width] with the aspect kept, the longer side at most `side` pixels, the shorter at least one. */
export function fittedSize(
  { width, height }: { readonly width: number; readonly height: number },
  side: number,
): readonly [height: number, width: number] {
  const scale = Math.min(1, side / Math.max(width, height));
  return [Math.max(1, Math.round(height * scale)), Math.max(1, Math.round(width * scale))];
}

function runsOf(map: ClassMap): RunMap {
  const [height, width] = fittedSize(map, MAP_SIDE);
  const isWhole = height === map.height && width === map.width;
  const affine = affineOf(letterboxPlacement(map, [height, width]));
  const mask = isWhole ? map.mask : warpMask(map.mask, map, affine, [height, width]);
  const runs: number[] = [];
  for (let from = 0, at = 1; at <= mask.length; at++) {
    if (at < mask.length && mask[at] === mask[from]) continue;
    runs.push(valueAt(mask, from), at - from);
    from = at;
  }
  return { width, height, runs };
}

/** The pixels of a class map that was kept as runs. */
export function mapOf({ width, height, runs }: RunMap): ClassMap {
  const mask = new Uint8Array(width * height);
  for (let i = 0, at = 0; i + 1 < runs.length; i += 2) {
    const end = Math.min(mask.length, at + valueAt(runs, i + 1));
    mask.fill(valueAt(runs, i), at, end);
    at = end;
  }
  return { mask, width, height };
}

/** The image for the eye, with its longer side at most `side` pixels; itself where it is smaller. */
export function thumbnailOf(image: Pixels, side: number): RgbPixels {
  const size = fittedSize(image, side);
  const shown = shownImage(image);
  if (size[0] === image.height && size[1] === image.width) return shown;
  return shownImage(letterbox(shown, size, [0, 0, 0]));
}
