import { momentsOf, valuesOf, writeValues } from './moments.js';
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
    const found = valuesOf(canvas, c);
    const before = momentsOf(found);
    if (before.count < 2) continue;
    const [least, most] = sign === 1 ? [before.least, before.most] : [-before.most, -before.least];
    bend(found, exponent, sign, least, most - least);
    const after = momentsOf(found);
    const scale = before.std / Math.max(LEAST, after.std);
    writeValues(canvas, c, found, sign * scale, before.mean - sign * after.mean * scale);
  }
}

function bend(found: Float64Array, exponent: number, sign: 1 | -1, least: number, range: number): void {
  const divisor = Math.max(LEAST, range);
  for (let i = 0; i < found.length; i++) {
    const part = (sign * (found[i] as number) - least) / divisor;
    found[i] = (part <= 0 ? 0 : part ** exponent) * range + least;
  }
}
