import type { CaseStatistics, ChannelStatistics, PixelData } from './sample.js';

/** Values that percentiles are taken of, at most, evenly spread over the case. */
const MOST_SAMPLES = 1_000_000;

export interface CaseShape {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly channels: number;
}

/**
 * The figures of a case that rules of intensity need. Values that are no finite numbers are left out.
 *
 * @param data [depth * height * width * channels]
 */
export function caseStatistics(data: PixelData, shape: CaseShape): CaseStatistics {
  const { channels } = shape;
  return {
    channels: Array.from({ length: channels }, (_, c) => statisticsOf(data, c, channels)),
    cropped: croppedShare(data, shape),
  };
}

function statisticsOf(data: PixelData, channel: number, channels: number): ChannelStatistics {
  let [least, most, sum, count, nonZero] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (let at = channel; at < data.length; at += channels) {
    const value = data[at] as number;
    if (!Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > most) most = value;
    sum += value;
    count++;
    if (value !== 0) nonZero++;
  }
  if (count === 0) {
    return { least: 0, most: 0, mean: 0, std: 0, low: 0, high: 0, nonZero: { mean: 0, std: 0 } };
  }
  const mean = sum / count;
  const inner = nonZero === 0 ? mean : sum / nonZero;
  let [squares, innerSquares] = [0, 0];
  for (let at = channel; at < data.length; at += channels) {
    const value = data[at] as number;
    if (!Number.isFinite(value)) continue;
    squares += (value - mean) ** 2;
    if (value !== 0) innerSquares += (value - inner) ** 2;
  }
  const std = Math.sqrt(squares / count);
  const [low = 0, high = 0] = percentiles(sampled(data, channel, channels), [0.005, 0.995]);
  return {
    least,
    most,
    mean,
    std,
    low,
    high,
    nonZero: { mean: inner, std: nonZero === 0 ? std : Math.sqrt(innerSquares / nonZero) },
  };
}

function sampled(data: PixelData, channel: number, channels: number): Float64Array {
  const count = data.length / channels;
  const step = Math.max(1, Math.ceil(count / MOST_SAMPLES));
  const values = new Float64Array(Math.ceil(count / step));
  let taken = 0;
  for (let i = 0; i < count; i += step) {
    const value = data[i * channels + channel] as number;
    if (Number.isFinite(value)) values[taken++] = value;
  }
  return values.subarray(0, taken);
}

/** Values at shares of the sorted values, linear between neighbours as numpy's `percentile`. @param values changed: sorted */
export function percentiles(values: Float64Array, shares: readonly number[]): readonly number[] {
  values.sort();
  return shares.map((share) => {
    const at = share * (values.length - 1);
    const [below, above] = [values[Math.floor(at)] ?? 0, values[Math.ceil(at)] ?? 0];
    return below + (above - below) * (at - Math.floor(at));
  });
}

/** First and last voxel along x, y and z. */
export interface Box {
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** The bounding box of what is not zero in any channel; null: nothing is. */
export function nonZeroBox(data: PixelData, { width, height, depth, channels }: CaseShape): Box | null {
  const [low, high] = [
    [width, height, depth],
    [-1, -1, -1],
  ];
  let at = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width * channels; x++, at++) {
        if (data[at] === 0) continue;
        const column = Math.floor(x / channels);
        if (column < low[0]!) low[0] = column;
        if (column > high[0]!) high[0] = column;
        if (y < low[1]!) low[1] = y;
        if (y > high[1]!) high[1] = y;
        if (z < low[2]!) low[2] = z;
        if (z > high[2]!) high[2] = z;
      }
    }
  }
  return high[0] === -1 ? null : { low, high };
}

/** Share of the case inside the bounding box of what is not zero; 1 where everything is. */
function croppedShare(data: PixelData, shape: CaseShape): number {
  const box = nonZeroBox(data, shape);
  if (box === null) return 1;
  const sides = box.high.map((top, axis) => top - (box.low[axis] as number) + 1);
  return sides.reduce((product, side) => product * side, 1) / (shape.width * shape.height * shape.depth);
}
