export type Rgb = readonly [r: number, g: number, b: number];

/** Turns of the hue between neighbours: the golden section, so that any first few classes differ well. */
const GOLDEN_TURN = 0.618033988749895;

/** Colour of class `index`; every third round of hues is darker, 0..255. */
export function classColor(index: number): Rgb {
  const value = [255, 200, 150][Math.floor(index / 8) % 3] as number;
  return hue((index * GOLDEN_TURN + 0.02) % 1, value);
}

/** Black or white, whichever reads better on the colour. */
export function inkOn([r, g, b]: Rgb): Rgb {
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? [0, 0, 0] : [255, 255, 255];
}

/** A nearly saturated colour of the circle. */
function hue(turn: number, value: number): Rgb {
  const channel = (shift: number): number => {
    const x = (((turn + shift) % 1) + 1) % 1;
    const level = Math.min(1, Math.max(0, Math.abs(x * 6 - 3) - 1));
    return Math.round(value * (0.15 + 0.85 * level));
  };
  return [channel(0), channel(-1 / 3), channel(1 / 3)];
}
