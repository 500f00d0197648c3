import type { MaskFileTruth } from './classMap.js';
import { concurrently } from './concurrently.js';
import type { Entry } from './dataset.js';
import { type DataRoot, idOf } from './paths.js';
import { readMask } from './read.js';
import { surveyImage } from './survey.js';
import type { WarningList } from './warnings.js';

const AT_ONCE = 4;

/**
 * Entries of images and their mask files. Every mask is read once, so that a size or value that does not fit is found
 * before the work starts.
 */
export function maskEntries(
  root: DataRoot,
  pairs: readonly { readonly image: string; readonly mask: string }[],
  table: Pick<MaskFileTruth, 'values' | 'otherValues'>,
  warnings: WarningList,
): Promise<Entry<MaskFileTruth>[]> {
  return concurrently(pairs, AT_ONCE, async ({ image, mask }) => {
    const { width, height } = await surveyImage(image, idOf(root, image), warnings);
    const truth: MaskFileTruth = { kind: 'mask-file', file: mask, ...table };
    const { strays } = await readMask(truth, { width, height });
    const count = [...strays.values()].reduce((sum, n) => sum + n, 0);
    if (count > 0) {
      warnings.note(table.otherValues === 'nearest' ? 'mapped-values' : 'ignored-values', idOf(root, mask), count);
    }
    return { id: idOf(root, image), file: image, width, height, truth };
  });
}
