import { limitsOf, nearestWithin, typeOf } from '../pixelTypes.js';
import type { PixelData, Pixels } from '../sample.js';
import { type Taps, WEIGHT_BITS } from './axis.js';
import type { Layout } from './resample.js';

const WEIGHT = 2 ** -WEIGHT_BITS;

/** Resampled source lines waiting for the second axis; grows to the largest image seen by this thread. */
let scratch = new Float64Array(0);

/**
 * Separable resampling as `resample`, of any type and number of channels, by weights that may be below 0: sums are of doubles,
 * rounded once and clipped to the type, where the result is of whole numbers.
 *
 * @param image [height * width * channels]
 */
export function resampleDeep(
  { data, width }: Pixels,
  channels: number,
  rows: Taps,
  columns: Taps,
  into: PixelData,
  layout: Layout,
): void {
  const lines = rows.end - rows.first;
  const length = (columns.high - columns.low) * channels;
  if (scratch.length < length) scratch = new Float64Array(length);
  const line = scratch;
  const limits = limitsOf(typeOf(into));
  for (let i = 0; i < lines; i++) {
    line.fill(0, 0, length);
    for (let k = 0; k < (rows.counts[i] as number); k++) {
      const weight = (rows.weights[i * rows.stride + k] as number) * WEIGHT;
      const from = (((rows.starts[i] as number) + k) * width + columns.low) * channels;
      for (let x = 0; x < length; x++) line[x] = (line[x] as number) + (data[from + x] as number) * weight;
    }
    const target = layout.origin + i * layout.line;
    for (let j = 0; j < columns.starts.length; j++) {
      const first = ((columns.starts[j] as number) - columns.low) * channels;
      for (let c = 0; c < channels; c++) {
        let sum = 0;
        for (let k = 0; k < (columns.counts[j] as number); k++) {
          sum += (line[first + k * channels + c] as number) * (columns.weights[j * columns.stride + k] as number);
        }
        into[target + j * layout.step + c] = nearestWithin(limits, sum * WEIGHT);
      }
    }
  }
}
