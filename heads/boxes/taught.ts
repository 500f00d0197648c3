import type { DetectionTruth } from '../../datasets/sample.js';

/**
 * The boxes that places are taught, each once, however many places have it.
 *
 * @param classes [A] class index, below 0: none
 * @param boxAt   writes x1 y1 x2 y2 of a place, pixels
 */
export function taughtBoxes(classes: Int32Array, boxAt: (box: Float64Array, place: number) => void): DetectionTruth {
  const boxes: number[] = [];
  const labels: number[] = [];
  const seen = new Set<string>();
  const box = new Float64Array(4);
  for (const [place, label] of classes.entries()) {
    if (label < 0) continue;
    boxAt(box, place);
    const key = `${label} ${box.map(Math.round).join(' ')}`;
    if (seen.has(key)) continue;
    seen.add(key);
    boxes.push(...box);
    labels.push(label);
  }
  const side = (m: number, low: number): number => boxes[m * 4 + low + 2]! - boxes[m * 4 + low]!;
  return {
    kind: 'boxes',
    boxes: Float64Array.from(boxes),
    labels: Int32Array.from(labels),
    ignored: new Uint8Array(labels.length),
    areas: Float64Array.from(labels, (_, m) => side(m, 0) * side(m, 1)),
  };
}
