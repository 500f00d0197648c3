import { printsOf } from '../../datasets/check/survey.js';
import type { Dataset } from '../../datasets/dataset.js';
import { alikeGroups, type Fingerprint } from '../../datasets/pictures/index.js';

/** Images of a split that look alike, and those of the training split that look like one of them. */
export interface AlikeImages {
  readonly groups: readonly {
    /** Images of the split that was predicted. */
    readonly images: readonly string[];
    /** Not empty: what was measured was seen in training. */
    readonly training: readonly string[];
    /** Most bits of 64 in which they differ. */
    readonly bits: number;
  }[];
  /** Training images that were looked at; null: none, as there is none to look at. */
  readonly looked: number | null;
  /** Images of the split that the training split has, too, by their files. */
  readonly shared: number;
}

/** Training images that are decoded to be compared. */
const MOST = 20_000;

/**
 * @param prints   what the images of the split look like, in their order
 * @param training null: it is the split itself, or there is none
 */
export async function findAlikeImages(
  dataset: Dataset,
  prints: readonly (Fingerprint | string)[],
  training: Dataset | null,
): Promise<AlikeImages> {
  const files = new Set(dataset.entries.map(({ file }) => file));
  const others = training?.entries.slice(0, MOST) ?? [];
  const isShared = others.map(({ file, deep }) => deep === undefined && files.has(file));
  const learned = training === null ? [] : await printsOf(training, MOST);
  const kept = [...learned.keys()].filter((i) => !isShared[i]);
  const count = prints.length;
  const groups = alikeGroups([...prints, ...kept.map((i) => learned[i] ?? '')]).map(({ members, bits }) => ({
    images: members.filter((i) => i < count).map((i) => dataset.entries[i]?.id ?? ''),
    training: members.filter((i) => i >= count).map((i) => others[kept[i - count] ?? -1]?.id ?? ''),
    bits,
  }));
  return {
    groups: groups
      .filter(({ images }) => images.length > 0)
      .sort((a, b) => Number(b.training.length > 0) - Number(a.training.length > 0)),
    looked: training === null ? null : others.length,
    shared: isShared.filter(Boolean).length,
  };
}
