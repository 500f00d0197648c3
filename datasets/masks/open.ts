import { join } from 'node:path';
import { ConfigError, DataError, EspalierError } from '../../engine/errors.js';
import type { MaskFileTruth, ValueCounts } from '../classMap.js';
import { concurrently } from '../concurrently.js';
import type { Dataset, Entry } from '../dataset.js';
import { decodeMask, isLossyMask, type MaskUnit } from '../decode/decodeMask.js';
import type { CommonData } from '../formats/format.js';
import { indexIn, isOverlapping, labelsOfMode } from '../overlap.js';
import { type DataRoot, idOf } from '../paths.js';
import { datasetOf, otherSize, type StoredTruth } from '../read.js';
import type { LabelMap, SemanticTruth } from '../sample.js';
import { surveyImage } from '../survey.js';
import { createVerifier } from '../verified.js';
import { type BadRecord, badRecord, badRecords, commonPitfall, type WarningList } from '../warnings.js';
import { type MasksWithUnknownValues, refuseUnknownValues, shownValue } from './advice.js';
import { maskFacts } from './facts.js';
import type { Pair } from './pairs.js';
import { valuesOfAreas } from './smoothed.js';
import type { ValueTable } from './table.js';

const AT_ONCE = 4;
/** Masks with values outside the table, after which the others are not read any more. */
const ENOUGH = 16;

export interface OpenMasks extends Pick<CommonData, 'badRecords' | 'mode'> {
  readonly root: DataRoot;
  readonly otherValues: MaskFileTruth['otherValues'];
  /** True: masks of other sizes than their images are resized. */
  readonly resized: boolean;
  /** The unit of all masks; null: colours where the first mask has some. */
  readonly unit: MaskUnit | null;
  /** All pairs of the data set, whose values make the table where none is written; null: one is. */
  readonly all: readonly Pair[] | null;
  /** True: neither classes nor values are written, so that values of smoothed edges are no classes. */
  readonly isFound: boolean;
  /** The table, from the values of all masks. */
  readonly tableOf: (found: ValueCounts, unit: MaskUnit) => ValueTable;
  /** What to do about values outside the table, when they are refused. */
  readonly advise: (found: readonly number[], labels: LabelMap, unit: MaskUnit) => string;
  readonly warnings: WarningList;
}

interface Counted {
  readonly id: string;
  readonly file: string;
  readonly mask: string;
  readonly width: number;
  readonly height: number;
  readonly counts: ValueCounts;
}

/**
 * A data set of images and mask files. Every mask is read once, so that a size or value that does not fit is found before
 * the work starts.
 *
 * @throws DataError when not one pair can be used, and for values outside the table that are refused
 */
export async function openMaskPairs(pairs: readonly Pair[], options: OpenMasks): Promise<Dataset<SemanticTruth>> {
  const { root, resized, tableOf, advise, warnings } = options;
  const unit = options.unit ?? (await unitOfMasks(root, pairs));
  const all = options.all ?? pairs;
  const isLossy = options.isFound && (await isAnyLossy(root, all));
  const own = isLossy ? 'nearest' : options.otherValues;
  const counted = await readAll(pairs, unit, { ...options, otherValues: own });
  const values = sum(counted.map(({ counts }) => counts));
  const whole = options.all === null ? values : await valuesOfAll(all, unit, { ...options, otherValues: own });
  const files = all.map(({ maskId }) => join(root.path, maskId));
  const areas = options.isFound ? await valuesOfAreas(files, whole, { unit, isLossy }) : null;
  const otherValues = areas === null ? own : 'nearest';
  if (areas !== null) warnings.say('mask-values', smoothed(whole, areas, unit));
  const found = tableOf(areas === null ? whole : new Map([...whole].filter(([value]) => areas.has(value))), unit);
  const { note } = found;
  const labels = labelsOfMode(found.labels, options.mode);
  const overlaps = isOverlapping(labels);
  const table = overlaps
    ? found.values.map(([value, index]) => [value, indexIn(labels, found.labels, index)] as const)
    : found.values;
  if (note !== null) warnings.say('mask-values', note);
  const known = new Set(table.map(([value]) => value));
  const refused: MasksWithUnknownValues[number][] = [];
  const entries = counted.map(({ id, file, mask, width, height, counts }): Entry<StoredTruth> => {
    const unknownValues = new Map([...counts].filter(([value]) => !known.has(value)));
    if (unknownValues.size > 0 && otherValues === 'error') {
      if (refused.length < ENOUGH) refused.push([mask, unknownValues]);
    } else if (unknownValues.size > 0) {
      const pixels = [...unknownValues.values()].reduce((sum, n) => sum + n, 0);
      warnings.note(otherValues === 'nearest' ? 'mapped-values' : 'ignored-values', idOf(root, mask), pixels);
    }
    const truth: MaskFileTruth = {
      kind: 'mask-file',
      file: mask,
      unit,
      resized,
      values: table,
      otherValues,
      ...(overlaps && { overlaps }),
    };
    return { id, file, width, height, truth };
  });
  if (refused.length > 0) {
    refuseUnknownValues(refused, { known: [...known], unit, advice: advise([...values.keys()], labels, unit) });
  }
  const advice = advise([...values.keys()], labels, unit);
  return datasetOf<SemanticTruth>(labels, entries, warnings.list(), { source: root.path, advice, maskValues: values });
}

const smoothed = (whole: ValueCounts, areas: ReadonlySet<number>, unit: MaskUnit): string =>
  `the masks hold ${whole.size} values, but only ${[...areas].map((value) => shownValue(value, unit)).join(', ')} fill areas: edges were smoothed or compressed, and every other value counts as the nearest of these; write data.values and otherValues: nearest to choose them`;

/** Whether one of the first masks was compressed with loss. */
async function isAnyLossy(root: DataRoot, pairs: readonly Pair[]): Promise<boolean> {
  for (const { maskId } of pairs.slice(0, 5)) {
    if (await isLossyMask(join(root.path, maskId)).catch(() => false)) return true;
  }
  return false;
}

async function readAll(pairs: readonly Pair[], unit: MaskUnit, options: OpenMasks): Promise<readonly Counted[]> {
  const { root, otherValues, resized, badRecords: policy, warnings } = options;
  const bad = new Map<string, BadRecord>();
  const verifier = createVerifier(root.path);
  const read = await concurrently(pairs, AT_ONCE, async ({ id, maskId }): Promise<Counted | null> => {
    const [file, mask] = [join(root.path, id), join(root.path, maskId)];
    try {
      const { width, height } = await surveyImage(file, id, warnings, verifier);
      const { counts, ...size } = await maskFacts(mask, { unit, lossy: otherValues === 'nearest' });
      if (size.width !== width || size.height !== height) {
        if (!resized) throw new DataError(mask, otherSize(size, { width, height }), 35);
        warnings.note('resized-mask', idOf(root, mask));
      }
      return { id, file, mask, width, height, counts };
    } catch (error) {
      if (!(error instanceof EspalierError) || error instanceof ConfigError) throw error;
      bad.set(error instanceof DataError ? idOf(root, error.file) : id, badRecord(error));
      return null;
    }
  });
  verifier.keep();
  const counted = read.filter((one) => one !== null);
  if (counted.length === 0 || (bad.size > 0 && policy === 'error')) {
    const which =
      counted.length === 0 ? `not one of ${bad.size} pairs can` : `${bad.size} of ${pairs.length} pairs cannot`;
    const [only] = bad;
    const what =
      bad.size === 1 && only !== undefined && pairs.length === 1
        ? only[1].problem
        : `${which} be used: ${badRecords(bad)}`;
    throw new DataError(root.path, what, commonPitfall(bad));
  }
  for (const [file, record] of bad) warnings.noteBad(file, record);
  return counted;
}

/** The values of every mask that can be read; what cannot is told where it is used. */
async function valuesOfAll(
  pairs: readonly Pair[],
  unit: MaskUnit,
  { root, otherValues }: OpenMasks,
): Promise<ValueCounts> {
  const facts = await concurrently(pairs, AT_ONCE, ({ maskId }) =>
    maskFacts(join(root.path, maskId), { unit, lossy: otherValues === 'nearest' }).catch(() => null),
  );
  return sum(facts.map((found) => found?.counts ?? new Map()));
}

function sum(all: readonly ValueCounts[]): ValueCounts {
  const values = new Map<number, number>();
  for (const counts of all) for (const [value, pixels] of counts) values.set(value, (values.get(value) ?? 0) + pixels);
  return values;
}

/** Colours where the first mask that can be read has some. */
async function unitOfMasks(root: DataRoot, pairs: readonly Pair[]): Promise<MaskUnit> {
  for (const { maskId } of pairs.slice(0, 5)) {
    const file = join(root.path, maskId);
    const isGrey = await decodeMask(file, { lossy: true }).then(
      () => true,
      () => false,
    );
    if (isGrey) return 'value';
    const isColour = await decodeMask(file, { unit: 'colour', lossy: true }).then(
      () => true,
      () => false,
    );
    if (isColour) return 'colour';
  }
  return 'value';
}
