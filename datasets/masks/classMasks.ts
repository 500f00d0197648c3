import { join } from 'node:path';
import { ConfigError, DataError, EspalierError } from '../../engine/errors.js';
import type { MaskFileTruth } from '../classMap.js';
import { concurrently } from '../concurrently.js';
import type { Dataset, Entry } from '../dataset.js';
import type { CommonData } from '../formats/format.js';
import { labelMap } from '../labels.js';
import { labelsOfMode, NOTHING } from '../overlap.js';
import { type DataRoot, idOf } from '../paths.js';
import { datasetOf, otherSize, type StoredTruth } from '../read.js';
import type { LabelMap, SemanticTruth } from '../sample.js';
import { surveyImage } from '../survey.js';
import { createVerifier } from '../verified.js';
import { type BadRecord, badRecord, badRecords, collectWarnings, type WarningList } from '../warnings.js';
import { maskFacts } from './facts.js';
import { type Pair, pairByPatterns } from './pairs.js';

const AT_ONCE = 4;

/** An image with the masks of its classes. */
export interface ClassPair extends Pair {
  /** Names of the classes that it has masks of. */
  readonly classes: readonly string[];
  /** By class, relative to the root. */
  readonly masks: ReadonlyMap<string, string>;
}

/**
 * Images with a mask file for each class, by patterns.
 *
 * @throws DataError where nothing fits a pattern
 */
export async function pairClasses(
  root: DataRoot,
  images: string,
  patterns: { readonly [name: string]: string },
): Promise<readonly ClassPair[]> {
  const found = new Map<string, Pair & { readonly masks: Map<string, string> }>();
  for (const [name, pattern] of Object.entries(patterns)) {
    // An image without a mask of this class has none of it.
    for (const pair of await pairByPatterns(root, images, pattern, collectWarnings())) {
      const own = found.get(pair.id) ?? { ...pair, masks: new Map<string, string>() };
      own.masks.set(name, pair.maskId);
      found.set(pair.id, own);
    }
  }
  return [...found.values()].map((pair) => ({ ...pair, classes: [...pair.masks.keys()] }));
}

export interface OpenClassMasks extends Pick<CommonData, 'badRecords' | 'mode'> {
  readonly root: DataRoot;
  /** In the order that the network counts them. */
  readonly names: readonly string[];
  readonly labels: LabelMap | undefined;
  /** True: masks of other sizes than their images are resized. */
  readonly resized: boolean;
  readonly warnings: WarningList;
}

/**
 * A data set of images with a mask file for each class; a class is where its mask is not 0. Every mask is read once.
 *
 * @throws DataError when not one image can be used, or with badRecords 'error' when one cannot
 */
export async function openClassMasks(
  pairs: readonly ClassPair[],
  options: OpenClassMasks,
): Promise<Dataset<SemanticTruth>> {
  const { root, names, mode, resized, badRecords: policy, warnings } = options;
  const labels = options.labels ?? labelsOfMode(labelMap(names), mode);
  const bad = new Map<string, BadRecord>();
  const counts = new Map<number, number>();
  const verifier = createVerifier(root.path);
  const read = await concurrently(pairs, AT_ONCE, async ({ id, masks }): Promise<Entry<StoredTruth> | null> => {
    const file = join(root.path, id);
    try {
      const size = await surveyImage(file, id, warnings, verifier);
      const files: MaskFileTruth[] = [];
      for (const [index, { name }] of labels.classes.entries()) {
        const own = masks.get(name);
        if (own === undefined) continue;
        const mask = join(root.path, own);
        const facts = await maskFacts(mask, { unit: 'value', lossy: true });
        if (facts.width !== size.width || facts.height !== size.height) {
          if (!resized) throw new DataError(mask, otherSize(facts, size), 35);
          warnings.note('resized-mask', own);
        }
        const [most = 0] = [...facts.counts.keys()].slice(-1);
        // Values of lossy masks are rounded to the ends: nearest of 0 and the largest.
        const values = [[0, NOTHING] as const, ...(most > 0 ? [[most, index] as const] : [])];
        for (const [value, pixels] of facts.counts)
          if (value * 2 > most) counts.set(index, (counts.get(index) ?? 0) + pixels);
        files.push({
          kind: 'mask-file',
          file: mask,
          unit: 'value',
          resized,
          values,
          otherValues: 'nearest',
          overlaps: true,
        });
      }
      return { id, file, ...size, truth: { kind: 'mask-files', files } };
    } catch (error) {
      if (!(error instanceof EspalierError) || error instanceof ConfigError) throw error;
      bad.set(error instanceof DataError ? idOf(root, error.file) : id, badRecord(error));
      return null;
    }
  });
  verifier.keep();
  const entries = read.filter((entry) => entry !== null);
  if (entries.length === 0 || (bad.size > 0 && policy === 'error')) {
    throw new DataError(root.path, `${bad.size} of ${pairs.length} images cannot be used: ${badRecords(bad)}`);
  }
  for (const [file, record] of bad) warnings.noteBad(file, record);
  return datasetOf<SemanticTruth>(labels, entries, warnings.list(), {
    source: root.path,
    advice: 'check the patterns of data.masks',
    maskValues: counts,
  });
}
