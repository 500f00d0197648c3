import type { ScoredBoxes } from '../../../datasets/evaluators/detection.js';
import type { DetectionTruth, LabelMap } from '../../../datasets/sample.js';

/** A truth, readable in a test. */
export interface Truth {
  box: number[];
  label: number;
  ignored?: boolean;
  area?: number;
}
export interface Found {
  box: number[];
  label: number;
  score: number;
}

export const labelsOf = (...names: string[]): LabelMap => ({ classes: names.map((name, i) => ({ id: i + 1, name })) });

export const truthOf = (list: readonly Truth[]): DetectionTruth => ({
  kind: 'boxes',
  boxes: Float64Array.from(list.flatMap(({ box }) => box)),
  labels: Int32Array.from(list, ({ label }) => label),
  ignored: Uint8Array.from(list, ({ ignored }) => (ignored ? 1 : 0)),
  areas: Float64Array.from(list, ({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0], area }) => area ?? (x2 - x1) * (y2 - y1)),
});

/** Best score first, ties as given. */
export function detectionsOf(list: readonly Found[]): ScoredBoxes {
  const sorted = [...list].sort((a, b) => b.score - a.score);
  return {
    boxes: Float64Array.from(sorted.flatMap(({ box }) => box)),
    labels: Int32Array.from(sorted, ({ label }) => label),
    scores: Float64Array.from(sorted, ({ score }) => score),
  };
}

export const fromXywh = ([x = 0, y = 0, w = 0, h = 0]: readonly number[]): number[] => [x, y, x + w, y + h];
