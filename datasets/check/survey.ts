import { type Census, takeCensus } from '../census.js';
import { concurrently } from '../concurrently.js';
import type { Dataset, Entry } from '../dataset.js';
import { decodeImage } from '../decode/decodeImage.js';
import { shownImage } from '../decode/shown.js';
import type { SplitName } from '../formats/index.js';
import { alikeGroups, type Fingerprint, fingerprint } from '../pictures/similar.js';
import type { StoredTruth } from '../read.js';
import { regionsOf } from '../regions.js';
import { objectsOf as objectsIn, type Pixels } from '../sample.js';
import { hashValues } from './hash.js';

const AT_ONCE = 4;

/** What one split holds. */
export interface SplitSurvey {
  readonly split: SplitName;
  readonly images: number;
  /** Images without an object or label, or null where truths are mask files. */
  readonly empty: number | null;
  readonly classes: readonly { readonly name: string; readonly count: number }[];
  readonly counted: Census['counted'];
  readonly ignored: number;
  /** Smallest, median and largest side of the images, pixels. */
  readonly sides: readonly [least: number, median: number, most: number];
  /** Square roots of box areas at 0, 10, 50, 90 and 100 %, pixels; empty without boxes. */
  readonly boxSides: readonly number[];
}

/** Images that look alike. */
export interface Alike {
  /** Ids with their splits. */
  readonly images: readonly string[];
  /** Most bits of 64 in which the look of one differs from that of another; 0: as good as the same. */
  readonly bits: number;
  /** True: they are in several splits, so that what is measured was seen in training. */
  readonly isLeak: boolean;
}

export function surveySplit(split: SplitName, dataset: Dataset): SplitSurvey {
  const { counts, counted, ignored } = takeCensus(dataset);
  const entries = dataset.entries as readonly Entry<StoredTruth>[];
  const sides = entries.flatMap(({ width, height }) => [width ?? 0, height ?? 0]).sort((a, b) => a - b);
  const areas = entries.flatMap(({ truth }) => [...(objectsIn(truth)?.areas ?? [])]);
  const roots = areas.map(Math.sqrt).sort((a, b) => a - b);
  const objects = entries.map(({ truth }) => objectsOf(truth));
  return {
    split,
    images: dataset.size,
    empty: objects.includes(null) ? null : objects.filter((count) => count === 0).length,
    classes: dataset.labels.classes.map(({ name }, i) => ({ name, count: counts[i] ?? 0 })),
    counted,
    ignored,
    sides: [quantile(sides, 0), quantile(sides, 0.5), quantile(sides, 1)],
    boxSides: roots.length === 0 ? [] : [0, 0.1, 0.5, 0.9, 1].map((share) => quantile(roots, share)),
  };
}

function objectsOf(truth: StoredTruth): number | null {
  return objectsIn(truth)?.labels.length ?? regionsOf(truth)?.regions.length ?? null;
}

const quantile = (sorted: readonly number[], share: number): number =>
  Math.round((sorted[Math.round(share * (sorted.length - 1))] ?? 0) * 10) / 10;

/** What an image looks like; of one in its own depth, as slices of volumes are alike, its values. */
export const printOf = (image: Pixels, id: string, isDeep: boolean): Fingerprint | string =>
  isDeep ? hashValues([image.data], id) : fingerprint(shownImage(image));

/** Fingerprints of the first images of a data set, which are decoded. */
export const printsOf = (dataset: Dataset, most = dataset.size): Promise<readonly (Fingerprint | string)[]> =>
  concurrently(dataset.entries.slice(0, most), AT_ONCE, async ({ file, deep, id }, i) =>
    deep
      ? printOf((await dataset.get(i)).image, id, true)
      : printOf(await decodeImage(file, { onNote: () => {} }), id, false),
  );

/** Groups of images that look alike, leaks first. Decodes every image. */
export async function findAlike(
  splits: readonly { readonly split: SplitName; readonly dataset: Dataset }[],
): Promise<readonly Alike[]> {
  const images: { readonly id: string; readonly split: SplitName }[] = [];
  const prints: (Fingerprint | string)[] = [];
  for (const { split, dataset } of splits) {
    images.push(...dataset.entries.map(({ id }) => ({ id, split })));
    prints.push(...(await printsOf(dataset)));
  }
  const found = alikeGroups(prints).map(({ members, bits }): Alike => {
    const group = members.flatMap((i) => images[i] ?? []);
    return {
      images: group.map(({ id, split }) => `${id} (${split})`),
      bits,
      isLeak: new Set(group.map(({ split }) => split)).size > 1,
    };
  });
  return found.sort((a, b) => Number(b.isLeak) - Number(a.isLeak));
}
