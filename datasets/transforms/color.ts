import type { Random } from '../../engine/random.js';
import type { Region } from './region.js';

/** Largest changes, each drawn uniformly on both sides: factors 1 +- x, and turns of the colour circle for hue. */
export interface ColorJitter {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Fraction of a full turn, at most 0.5. */
  readonly hue: number;
}

/** Drawn changes: 1, 1, 1 and 0 leave an image as it is. */
export interface ColorChange {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Turns of the colour circle. */
  readonly hue: number;
}

/** Luma of linear Rec. 709 primaries. */
const LUMA = [0.2126, 0.7152, 0.0722] as const;
/** Hue rotation: the sine part of hueRotate, W3C Filter Effects Module Level 1, 9.6. */
const HUE_SINE = [-0.213, -0.715, 0.928, 0.143, 0.14, -0.283, -0.787, 0.715, 0.072] as const;
const COLOR_BITS = 16;

export function drawColor(jitter: ColorJitter, random: Random): ColorChange {
  const factor = (amount: number): number => Math.max(0, 1 + random.uniform(-amount, amount));
  return {
    brightness: factor(jitter.brightness),
    contrast: factor(jitter.contrast),
    saturation: factor(jitter.saturation),
    hue: random.uniform(-jitter.hue, jitter.hue),
  };
}

/**
 * Brightness, contrast (about the region's mean luma), saturation and hue, in this order and without intermediate
 * clipping: together one 3 x 3 matrix and one offset per image.
 *
 * @param pixels [height * width * 3] uint8, changed in place inside `region`
 * @param width  pixels of a row
 */
export function changeColor(pixels: Uint8Array, width: number, region: Region, change: ColorChange): void {
  const { brightness, contrast, saturation, hue } = change;
  if (brightness === 1 && contrast === 1 && saturation === 1 && hue === 0) return;
  const gain = brightness * contrast;
  const matrix = multiply(hueMatrix(hue), saturationMatrix(saturation)).map((cell) =>
    Math.round(cell * gain * 2 ** COLOR_BITS),
  );
  const mean = contrast === 1 ? 0 : meanLuma(pixels, width, region);
  applyMatrix(pixels, width, region, matrix, (1 - contrast) * brightness * mean);
}

function applyMatrix(
  pixels: Uint8Array,
  width: number,
  region: Region,
  matrix: readonly number[],
  offset: number,
): void {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0] = matrix;
  const bias = Math.round((offset + 0.5) * 2 ** COLOR_BITS);
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * 3;
    for (let at = (y * width + region.left) * 3; at < end; at += 3) {
      const red = pixels[at] as number;
      const green = pixels[at + 1] as number;
      const blue = pixels[at + 2] as number;
      pixels[at] = clip((red * a + green * b + blue * c + bias) >> COLOR_BITS);
      pixels[at + 1] = clip((red * d + green * e + blue * f + bias) >> COLOR_BITS);
      pixels[at + 2] = clip((red * g + green * h + blue * i + bias) >> COLOR_BITS);
    }
  }
}

const clip = (value: number): number => Math.max(0, Math.min(255, value));

function meanLuma(pixels: Uint8Array, width: number, region: Region): number {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let y = region.top; y < region.bottom; y++) {
    const end = (y * width + region.right) * 3;
    for (let at = (y * width + region.left) * 3; at < end; at += 3) {
      red += pixels[at] as number;
      green += pixels[at + 1] as number;
      blue += pixels[at + 2] as number;
    }
  }
  const count = (region.bottom - region.top) * (region.right - region.left);
  return count === 0 ? 0 : (red * LUMA[0] + green * LUMA[1] + blue * LUMA[2]) / count;
}

const isDiagonal = (cell: number): boolean => cell % 4 === 0;

const saturationMatrix = (saturation: number): number[] =>
  HUE_SINE.map((_, cell) => (LUMA[cell % 3] as number) * (1 - saturation) + (isDiagonal(cell) ? saturation : 0));

function hueMatrix(turns: number): number[] {
  const cosine = Math.cos(2 * Math.PI * turns);
  const sine = Math.sin(2 * Math.PI * turns);
  return HUE_SINE.map((part, cell) => {
    const luma = LUMA[cell % 3] as number;
    return luma + cosine * ((isDiagonal(cell) ? 1 : 0) - luma) + sine * part;
  });
}

const multiply = (left: readonly number[], right: readonly number[]): number[] =>
  left.map((_, cell) => {
    const row = cell - (cell % 3);
    return [0, 1, 2].reduce((sum, k) => sum + (left[row + k] ?? 0) * (right[k * 3 + (cell % 3)] ?? 0), 0);
  });
