import { IMAGENET, type Preprocessing } from '../backbones/backbone.js';
import { foldPreprocessing } from '../backbones/stem.js';
import { percentiles } from '../datasets/caseStatistics.js';
import type { Dataset, DeepImages } from '../datasets/dataset.js';
import { LEAST_STD } from '../datasets/intensity.js';
import { MASKED_BELOW } from '../datasets/medical/nnunet.js';
import { backgroundOf } from '../datasets/overlap.js';
import { type CaseStatistics, classMapOf, IGNORED, type Sample } from '../datasets/sample.js';
import { ConfigError } from '../engine/errors.js';
import { createRandom } from '../engine/random.js';

/** Values of the foreground that are kept for percentiles, all images and one channel together. */
const MOST_FOREGROUND = 1_000_000;

/**
 * What the training images say of their intensities, as the network's preprocessing. Reads every training image where the
 * rule needs its values.
 *
 * @param stored what the weights expect, of as many channels; where they were trained on other intensities, ImageNet's are taken
 * @returns      what 8-bit images need for images that are decoded for the eye
 * @throws ConfigError for a rule that needs class maps, of a data set without them
 * @source nnU-Net v2, preprocessing/normalization: CT by the foreground of all cases, others by each case
 */
export async function intensityOf(dataset: Dataset, stored: Preprocessing): Promise<Preprocessing> {
  const { deep } = dataset;
  const base = stored.depth ? foldPreprocessing(IMAGENET, stored.mean.length) : stored;
  if (!deep) return base;
  const { rule, channels } = deep;
  const each = (value: number): readonly number[] => Array.from({ length: channels }, () => value);
  const common = { channels: base.channels, depth: 'own' } as const;
  const unit = { ...common, mean: each(0), std: each(1) };
  if (rule === 'none') return unit;
  if (rule === 'percentile') return { ...common, mean: base.mean, std: base.std, perImage: 'percentile' };
  if (typeof rule === 'object') {
    const [centre, width] = rule.window;
    return between(
      base,
      Array.from({ length: channels }, () => [centre - width / 2, centre + width / 2]),
    );
  }
  if (rule === 'ct') return foregroundOf(dataset, base);
  const cases = await statisticsOf(dataset);
  if (rule === 'zscore') {
    const cropped = Float64Array.from(cases, (found) => found.cropped);
    const [median = 1] = cropped.length === 0 ? [] : percentiles(cropped, [0.5]);
    return { ...unit, perImage: median < MASKED_BELOW ? 'masked-zscore' : 'zscore' };
  }
  const limits = Array.from({ length: channels }, (_, c): [number, number] => {
    const least = cases.reduce(
      (low, found) => Math.min(low, found.channels[c]?.least ?? low),
      Number.POSITIVE_INFINITY,
    );
    const most = cases.reduce((top, found) => Math.max(top, found.channels[c]?.most ?? top), Number.NEGATIVE_INFINITY);
    return [least, Math.max(most, least + LEAST_STD)];
  });
  return between(base, limits);
}

/** What training images say of how images are to be prepared: their intensities, and the spacing that the config asks for. @throws ConfigError as `intensityOf` */
export async function preprocessingFor(dataset: Dataset, stored: Preprocessing): Promise<Preprocessing> {
  const { spacing: _, ...found } = await intensityOf(dataset, stored);
  return dataset.spacing ? { ...found, spacing: dataset.spacing } : found;
}

/** One clause for people: the rule, what it was made of, and its figures. */
export function describeIntensity({ rule, type, channels }: DeepImages, found: Preprocessing): string {
  const what = `${type}, ${channels} channel${channels === 1 ? '' : 's'}`;
  const name = typeof rule === 'object' ? `window ${rule.window.join(' ')}` : (found.perImage ?? rule);
  const shown = (value: number): string => String(Number(value.toPrecision(5)));
  const clip = found.clip?.map(([low, high]) => `${shown(low)} to ${shown(high)}`).join('; ');
  const moved = found.perImage
    ? 'of each case'
    : `mean ${found.mean.map(shown).join(', ')}, std ${found.std.map(shown).join(', ')}`;
  return `${name} (${what}): ${clip === undefined ? '' : `clipped to ${clip}, `}${moved}`;
}

/** What is between the limits, as the weights saw 0 to 255. */
function between(base: Preprocessing, clip: readonly (readonly [number, number])[]): Preprocessing {
  const scale = (c: number): number => ((clip[c]?.[1] ?? 255) - (clip[c]?.[0] ?? 0)) / 255;
  return {
    channels: base.channels,
    depth: 'own',
    clip,
    mean: base.mean.map((value, c) => (clip[c]?.[0] ?? 0) + value * scale(c)),
    std: base.std.map((value, c) => value * scale(c)),
  };
}

/** Statistics of every image's case; those of one case count once for each of its slices. */
async function statisticsOf(dataset: Dataset): Promise<readonly CaseStatistics[]> {
  const found: CaseStatistics[] = [];
  for await (const { image } of dataset) if (image.statistics) found.push(image.statistics);
  return found;
}

/** Percentiles 0.5 and 99.5, mean and deviation of the pixels that have a class beside the background. */
async function foregroundOf(dataset: Dataset, base: Preprocessing): Promise<Preprocessing> {
  const { channels = 1 } = dataset.deep ?? {};
  const background = backgroundOf(dataset.labels);
  const random = createRandom([dataset.size, 0xc7]);
  const kept = Array.from({ length: channels }, () => new Float64Array(MOST_FOREGROUND));
  const sums = Array.from({ length: channels }, () => ({ count: 0, mean: 0, squares: 0 }));
  for await (const sample of dataset) {
    const { image, mask } = foregroundMask(sample);
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === IGNORED || mask[i] === background) continue;
      for (let c = 0; c < channels; c++) {
        const value = image.data[i * channels + c] as number;
        const sum = sums[c];
        if (sum === undefined || !Number.isFinite(value)) continue;
        sum.count++;
        const before = value - sum.mean;
        sum.mean += before / sum.count;
        sum.squares += before * (value - sum.mean);
        const place = sum.count <= MOST_FOREGROUND ? sum.count - 1 : random.integer(sum.count);
        if (place < MOST_FOREGROUND) (kept[c] as Float64Array)[place] = value;
      }
    }
  }
  if (sums.some(({ count }) => count === 0)) {
    throw new ConfigError(
      'data.intensity: ct needs pixels of a class beside the background in the training images, and there are none: use zscore',
    );
  }
  const clip = kept.map((values, c): [number, number] => {
    const [low = 0, high = 0] = percentiles(
      values.subarray(0, Math.min(MOST_FOREGROUND, sums[c]?.count ?? 0)),
      [0.005, 0.995],
    );
    return [low, high];
  });
  return {
    channels: base.channels,
    depth: 'own',
    clip,
    mean: sums.map(({ mean }) => mean),
    std: sums.map(({ count, squares }) => Math.max(LEAST_STD, Math.sqrt(squares / count))),
  };
}

function foregroundMask({ image, truth }: Sample): { readonly image: Sample['image']; readonly mask: Uint8Array } {
  const map = classMapOf(truth);
  if (map) return { image, mask: map.mask };
  throw new ConfigError(
    'data.intensity: ct measures what has a class in class maps, and boxes are learned from: use zscore, percentile or window',
  );
}
