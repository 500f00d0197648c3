import { caseStatistics } from './caseStatistics.js';
import { channelsOf } from './pixelTypes.js';
import type { Pixels } from './sample.js';

/** What becomes of an image by its own case's values: z-scores, z-scores of what is not zero, or percentiles as 0 and 255. */
export const PER_IMAGE = ['zscore', 'masked-zscore', 'percentile'] as const;
export type PerImage = (typeof PER_IMAGE)[number];

/** Standard deviations below this are taken for it. @source nnU-Net, normalization/default_normalization_schemes.py */
export const LEAST_STD = 1e-8;

/**
 * An image by the statistics of its case: (value - mean) / std, or percentile 0.5 to 99.5 as 0 to 255. Itself where there is
 * nothing to do.
 *
 * @returns [height * width * channels] float32
 */
export function prepareImage(image: Pixels, rule: PerImage | null): Pixels {
  if (rule === null) return image;
  const channels = channelsOf(image);
  const { data, width, height } = image;
  const statistics = image.statistics ?? caseStatistics(data, { width, height, depth: 1, channels });
  const into = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) {
    const found = statistics.channels[c] ?? statistics.channels[0];
    if (found === undefined) continue;
    const { low, high, nonZero } = found;
    const { mean, std } = rule === 'masked-zscore' ? nonZero : found;
    const [from, scale] =
      rule === 'percentile' ? [low, 255 / Math.max(LEAST_STD, high - low)] : [mean, 1 / Math.max(LEAST_STD, std)];
    for (let at = c; at < data.length; at += channels) {
      const value = data[at] as number;
      if (!Number.isFinite(value) || (rule === 'masked-zscore' && value === 0)) continue;
      const moved = (value - from) * scale;
      into[at] = rule === 'percentile' ? Math.min(255, Math.max(0, moved)) : moved;
    }
  }
  return { ...image, data: into };
}
