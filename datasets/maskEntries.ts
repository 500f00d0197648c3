import { countValues, type MaskFileTruth, type ValueCounts } from './classMap.js';
import { concurrently } from './concurrently.js';
import type { Entry } from './dataset.js';
import { refuseStrays, type StrayMasks } from './maskAdvice.js';
import { type DataRoot, idOf } from './paths.js';
import { decodeMaskOf } from './read.js';
import { surveyImage } from './survey.js';
import type { WarningList } from './warnings.js';

const AT_ONCE = 4;
/** Masks with values outside the table, after which the others are not read any more. */
const ENOUGH = 16;

export interface MaskEntriesOptions extends Pick<MaskFileTruth, 'values' | 'otherValues'> {
  /** What to do about values outside the table, when they are refused. @param found values of the masks read so far */
  readonly advise: (found: readonly number[]) => string;
}

/**
 * Entries of images and their mask files, and the values that all masks hold. Every mask is read once, so that a size
 * or value that does not fit is found before the work starts.
 *
 * @throws DataError for masks of another size than their image, and for values outside the table that are refused
 */
export async function maskEntries(
  root: DataRoot,
  pairs: readonly { readonly image: string; readonly mask: string }[],
  { advise, ...table }: MaskEntriesOptions,
  warnings: WarningList,
): Promise<{ readonly entries: Entry<MaskFileTruth>[]; readonly values: ValueCounts }> {
  const known = new Set(table.values.map(([value]) => value));
  const values = new Map<number, number>();
  const refused: StrayMasks[number][] = [];
  const refuse = (): never => refuseStrays(refused, [...known], advise([...values.keys()]));
  const entries = await concurrently(pairs, AT_ONCE, async ({ image, mask }) => {
    const { width, height } = await surveyImage(image, idOf(root, image), warnings);
    const truth: MaskFileTruth = { kind: 'mask-file', file: mask, ...table };
    const counts = countValues(await decodeMaskOf(truth, { width, height }));
    for (const [value, count] of counts) values.set(value, (values.get(value) ?? 0) + count);
    const strays = new Map([...counts].filter(([value]) => !known.has(value)));
    if (strays.size > 0 && table.otherValues === 'error') {
      if (refused.push([mask, strays]) >= ENOUGH) refuse();
    } else if (strays.size > 0) {
      const count = [...strays.values()].reduce((sum, n) => sum + n, 0);
      warnings.note(table.otherValues === 'nearest' ? 'mapped-values' : 'ignored-values', idOf(root, mask), count);
    }
    return { id: idOf(root, image), file: image, width, height, truth };
  });
  if (refused.length > 0) refuse();
  return { entries, values };
}
