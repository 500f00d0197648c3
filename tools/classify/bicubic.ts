import type { RgbPixels } from '../../datasets/sample.js';

/** Taps of one output position: source pixels from `start` on. */
interface Taps {
  readonly start: number;
  readonly weights: Float64Array;
}

/**
 * Resizes with the bicubic kernel, whose support grows with the factor when shrinking, so that nothing aliases.
 *
 * @source Keys 1981, IEEE TASSP 29(6), a = -0.5; support and borders as in Pillow's BICUBIC, in float64 instead of
 *   fixed point: values differ from it by at most 1
 */
export function resizeBicubic(image: RgbPixels, width: number, height: number): RgbPixels {
  const columns = tapsOf(image.width, width);
  const rows = tapsOf(image.height, height);
  const middle = new Uint8Array(image.height * width * 3);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < width; x++) {
      blend(image.data, (y * image.width + columns[x]!.start) * 3, 3, columns[x]!.weights, middle, (y * width + x) * 3);
    }
  }
  const data = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (rows[y]!.start * width + x) * 3;
      blend(middle, from, width * 3, rows[y]!.weights, data, (y * width + x) * 3);
    }
  }
  return { data, width, height };
}

/** The square of `side` pixels in the middle. */
export function centreCrop(image: RgbPixels, side: number): RgbPixels {
  const left = Math.floor((image.width - side) / 2);
  const top = Math.floor((image.height - side) / 2);
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + side * 3), y * side * 3);
  }
  return { data, width: side, height: side };
}

function blend(
  source: Uint8Array,
  from: number,
  step: number,
  weights: Float64Array,
  into: Uint8Array,
  at: number,
): void {
  for (let channel = 0; channel < 3; channel++) {
    let sum = 0;
    for (let i = 0; i < weights.length; i++) sum += source[from + i * step + channel]! * weights[i]!;
    into[at + channel] = Math.min(255, Math.max(0, Math.round(sum)));
  }
}

function tapsOf(inputs: number, outputs: number): readonly Taps[] {
  const factor = inputs / outputs;
  const stretch = Math.max(1, factor);
  return Array.from({ length: outputs }, (_, index) => {
    const centre = (index + 0.5) * factor;
    const start = Math.max(0, Math.floor(centre - 2 * stretch + 0.5));
    const end = Math.min(inputs, Math.floor(centre + 2 * stretch + 0.5));
    const weights = Float64Array.from({ length: end - start }, (_, i) => kernel((start + i + 0.5 - centre) / stretch));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { start, weights: weights.map((weight) => weight / sum) };
  });
}

function kernel(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}
