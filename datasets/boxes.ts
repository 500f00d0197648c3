import { DataError } from '../engine/errors.js';
import type { DetectionTruth, ObjectsTruth } from './sample.js';
import type { WarningList } from './warnings.js';

/** One object as its file states it, in the convention of this library: pixels, x2 and y2 exclusive. */
export interface StatedBox {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly label: number;
  readonly ignored: boolean;
  /** Square pixels; null: that of the box. */
  readonly area: number | null;
}

const TOLERANCE = 1;

/**
 * Boxes of one image to its truth. Corners are put in order, boxes are clipped to the image, those without extent or
 * without numbers are dropped; each case is noted.
 *
 * @param source annotation file as errors name it, and as warnings do
 * @throws DataError when every coordinate is a fraction of the image
 */
export function admitBoxes(
  stated: readonly StatedBox[],
  { width, height }: { readonly width: number; readonly height: number },
  source: { readonly file: string; readonly id: string },
  warnings: WarningList,
): DetectionTruth {
  return { kind: 'boxes', ...objectsOf(admitted(stated, { width, height }, source, warnings)) };
}

/** The same boxes with whatever else is stated of their objects. */
export function admitted<Stated extends StatedBox>(
  stated: readonly Stated[],
  { width, height }: { readonly width: number; readonly height: number },
  source: { readonly file: string; readonly id: string },
  warnings: WarningList,
): readonly Stated[] {
  const { file, id } = source;
  checkUnits(stated, width, height, file);
  const kept: Stated[] = [];
  for (const written of stated) {
    if (![written.x1, written.y1, written.x2, written.y2].every(Number.isFinite)) {
      warnings.note('bad-box', id);
      continue;
    }
    const box = ordered(written);
    if (box !== written) warnings.note('turned-box', id);
    if (box.x2 <= box.x1 || box.y2 <= box.y1) {
      warnings.note('degenerate-box', id);
      continue;
    }
    const clipped = { ...box, ...clip(box, width, height) };
    if (clipped.x2 <= clipped.x1 || clipped.y2 <= clipped.y1) {
      warnings.note('box-missed', id);
      continue;
    }
    const beyond = Math.max(-box.x1, -box.y1, box.x2 - width, box.y2 - height);
    if (beyond > 0) warnings.note(beyond <= TOLERANCE ? 'box-clipped' : 'box-outside', id);
    kept.push(clipped);
  }
  return kept;
}

/** Admitted boxes as arrays. */
export function objectsOf(kept: readonly StatedBox[]): ObjectsTruth {
  return {
    boxes: Float64Array.from(kept.flatMap(({ x1, y1, x2, y2 }) => [x1, y1, x2, y2])),
    labels: Int32Array.from(kept, ({ label }) => label),
    ignored: Uint8Array.from(kept, ({ ignored }) => (ignored ? 1 : 0)),
    areas: Float64Array.from(kept, ({ area, x1, y1, x2, y2 }) => area ?? (x2 - x1) * (y2 - y1)),
  };
}

/** With x1 before x2 and y1 before y2. */
function ordered<Stated extends StatedBox>(box: Stated): Stated {
  const { x1, y1, x2, y2 } = box;
  if (x1 <= x2 && y1 <= y2) return box;
  return { ...box, x1: Math.min(x1, x2), y1: Math.min(y1, y2), x2: Math.max(x1, x2), y2: Math.max(y1, y2) };
}

function clip(box: StatedBox, width: number, height: number) {
  const within = (value: number, limit: number) => Math.min(Math.max(value, 0), limit);
  return {
    x1: within(box.x1, width),
    y1: within(box.y1, height),
    x2: within(box.x2, width),
    y2: within(box.y2, height),
  };
}

/** Two or more boxes that all lie in the first pixels of a larger image are fractions, not pixels. */
function checkUnits(boxes: readonly StatedBox[], width: number, height: number, file: string): void {
  if (boxes.length < 2 || Math.min(width, height) <= 32) return;
  const fractions = boxes.every(({ x1, y1, x2, y2 }) => x2 > x1 && y2 > y1 && x2 <= 1.5 && y2 <= 1.5);
  if (fractions) {
    throw new DataError(
      file,
      `its ${boxes.length} boxes end at most at 1.5 in an image of ${width}x${height}: they are fractions of its sides, and pixels are expected (YOLO's text files are kind yolo)`,
      7,
    );
  }
}
