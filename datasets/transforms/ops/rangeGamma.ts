import { type Moments, momentsOf, replaceValues } from './moments.js';
import type { Canvas, PixelOp } from './op.js';

/** @source batchgeneratorsv2, transforms/intensity/gamma.py */
const LEAST = 1e-7;

/** Gamma inside of the range of a channel, its mean and deviation kept. @source batchgeneratorsv2's GammaTransform */
export const rangeGamma: PixelOp = {
  kind: 'pixels',
  images: 'any',
  value: "exponent of the value as a part of the channel's range",
  limits: [0.1, 10],
  apply: (canvas, exponent) => apply(canvas, exponent, 1),
};

/** The same of the negative. */
export const rangeGammaInverted: PixelOp = { ...rangeGamma, apply: (canvas, exponent) => apply(canvas, exponent, -1) };

function apply(canvas: Canvas, exponent: number, sign: 1 | -1): void {
  for (let c = canvas.first; c < canvas.end; c++) {
    const found = momentsOf(canvas, c);
    if (!(found.count > 1)) continue;
    const [least, most] = sign === 1 ? [found.least, found.most] : [-found.most, -found.least];
    const range = most - least;
    const curve = (value: number): number =>
      (Math.max(0, sign * value - least) / Math.max(LEAST, range)) ** exponent * range + least;
    const { mean, std } = momentsOfCurve(canvas, c, curve, found);
    const scale = found.std / Math.max(LEAST, std);
    const middle = sign * found.mean;
    replaceValues(canvas, c, (value) => sign * ((curve(value) - mean) * scale + middle));
  }
}

/** Mean and deviation of what the values become, before they are rounded. */
function momentsOfCurve(
  { pixels, width, channels, region }: Canvas,
  channel: number,
  curve: (value: number) => number,
  { count }: Moments,
): { readonly mean: number; readonly std: number } {
  let [sum, squares] = [0, 0];
  const origin = curve(pixels[(region.top * width + region.left) * channels + channel] as number);
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * channels + channel;
    for (let at = (y * width + region.left) * channels + channel; at < end; at += channels) {
      const difference = curve(pixels[at] as number) - origin;
      sum += difference;
      squares += difference ** 2;
    }
  }
  const mean = sum / count;
  return { mean: mean + origin, std: Math.sqrt(Math.max(0, squares - sum * mean) / (count - 1)) };
}
