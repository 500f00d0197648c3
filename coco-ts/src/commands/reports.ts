import type { Annotated } from '../annotated.js';
import type { COCO } from '../coco.js';
import type { Accumulated } from '../evaluation/accumulate.js';
import { mismatches } from '../evaluation/mismatches.js';
import type { IouType } from '../evaluation/params.js';
import { nameOf } from '../formats/record.js';
import type { Calibration } from '../metrics/calibration.js';
import { f1Curve, precisionRecall } from '../metrics/curves.js';
import { lvisEvaluate } from '../metrics/lvis.js';
import { openImagesEvaluate } from '../metrics/openImages.js';
import type { ErrorSplit } from '../metrics/tide.js';
import type { TideCosts } from '../metrics/tideCosts.js';
import { vocEvaluate } from '../metrics/voc.js';
import { ArgumentError } from './arguments.js';
import { table } from './table.js';

/** Whose numbers `coco-ts eval` gives. */
export const PROTOCOLS = ['coco', 'lvis', 'openimages', 'voc07', 'voc10'] as const;

/** The numbers of a protocol other than COCO's, or one line of JSON; and what to know about them. */
export function protocolReport(
  protocol: Exclude<(typeof PROTOCOLS)[number], 'coco'>,
  gt: COCO,
  dt: COCO,
  type: IouType,
  { json, strictIds }: { readonly json: boolean; readonly strictIds: boolean },
): { lines: string[]; notes: readonly string[] } {
  if (protocol === 'lvis') {
    if (type === 'keypoints')
      throw new ArgumentError('--protocol lvis has no keypoints: --type bbox, segm or boundary');
    const { eval: _, notes, ...numbers } = lvisEvaluate(gt, dt, { iouType: type, strictIds });
    const lines = json
      ? [JSON.stringify({ protocol, type, ...numbers })]
      : Object.entries(numbers).map(([name, value]) => `${name.padEnd(4)} ${value.toFixed(3)}`);
    return { lines, notes };
  }
  if (type !== 'bbox') throw new ArgumentError(`--protocol ${protocol} compares boxes: --type bbox`);
  const result = protocol === 'openimages' ? openImagesEvaluate(gt, dt) : vocEvaluate(gt, dt, { rule: protocol });
  const perClass = [...result.perClass].map(([id, value]) => ({
    category: nameOf(gt.cats, id),
    ap: typeof value === 'number' ? value : value.averagePrecision,
  }));
  const notes = mismatches(gt, dt);
  if (json) return { lines: [JSON.stringify({ protocol, type, mean: result.mean, perClass })], notes };
  const lines = [
    `mean AP ${result.mean.toFixed(3)}`,
    '',
    ...table(
      ['category', 'AP'],
      perClass.map(({ category, ap }) => [category, ap]),
      3,
    ),
  ];
  return { lines, notes };
}

/** TIDE's kinds of error: how many, and what each costs. */
export function tideLines({ errors, costs }: { readonly errors: ErrorSplit; readonly costs: TideCosts }): string[] {
  const kinds = ['classification', 'localization', 'both', 'duplicate', 'background', 'missed'] as const;
  const rows = kinds.map((kind) => [kind, String(errors[kind]), costs[kind].toFixed(4)]);
  const more = [
    ['false positives', '', costs.falsePositive.toFixed(4)],
    ['false negatives', '', costs.falseNegative.toFixed(4)],
  ];
  return [
    `${errors.correct} detections are right, AP at the foreground IoU ${costs.ap.toFixed(4)}`,
    ...table(['error', 'count', 'AP it costs'], [...rows, ...more]),
  ];
}

/** Calibration errors and the bins they come from. */
export function calibrationLines({ expectedError, maximumError, bins }: Calibration): string[] {
  const rows = bins
    .filter(({ count }) => count > 0)
    .map(({ low, high, count, confidence, accuracy }) => [
      `${low.toFixed(1)} to ${high.toFixed(1)}`,
      String(count),
      confidence.toFixed(4),
      accuracy.toFixed(4),
    ]);
  return [
    `expected calibration error ${expectedError.toFixed(4)}, maximum ${maximumError.toFixed(4)}`,
    ...table(['score', 'detections', 'mean score', 'correct'], rows),
  ];
}

/** Precision, F1 and score over recall as CSV: every category that has truths, and their mean, at the first threshold. */
export function curvesCsv(result: Accumulated, gt: Pick<Annotated, 'cats'>): string {
  const { catIds, iouThrs } = result.params;
  const names = catIds.map((id) => nameOf(gt.cats, id));
  const lines = ['category,iou,recall,precision,f1,score'];
  for (const category of [undefined, ...catIds.keys()]) {
    const curve = precisionRecall(result, category === undefined ? {} : { category });
    if (Number.isNaN(curve.precision[0])) continue;
    const { f1 } = f1Curve(curve);
    const name = category === undefined ? '(mean)' : quoted(names[category]!);
    for (const [i, recall] of curve.recall.entries())
      lines.push([name, iouThrs[0], recall, curve.precision[i], f1[i], curve.scores[i]].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** A cell that a spreadsheet takes for text, never for a formula. */
function quoted(text: string): string {
  const safe = text.replace(/^[=+@\t\r-]/, "'$&");
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
