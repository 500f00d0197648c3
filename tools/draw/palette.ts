export type Rgb = readonly [r: number, g: number, b: number];

/**
 * Colours that people with any colour vision tell apart; the same class has the same colour in every drawing, page and plot.
 *
 * @source Okabe, Ito 2008, Color Universal Design; the last two are a brown and a grey of other lightness
 */
// biome-ignore format: a table
const COLORS: readonly Rgb[] = [
  [0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [140, 109, 49], [127, 127, 127],
];
/** Lightness of the rounds of classes after the first: then colours come again. */
const SHADES = [1, 0.65, 1.35] as const;

/** Colour of class `index`, 0..255. */
export function classColor(index: number): Rgb {
  const [r, g, b] = COLORS[index % COLORS.length]!;
  const shade = SHADES[Math.floor(index / COLORS.length) % SHADES.length]!;
  const shaded = (channel: number): number =>
    Math.round(Math.min(255, shade <= 1 ? channel * shade : channel + (255 - channel) * (shade - 1)));
  return [shaded(r), shaded(g), shaded(b)];
}

/** Black or white, whichever reads better on the colour. */
export function inkOn([r, g, b]: Rgb): Rgb {
  return 0.299 * r + 0.587 * g + 0.114 * b > 125 ? [0, 0, 0] : [255, 255, 255];
}

export const cssOf = ([r, g, b]: Rgb): string => `rgb(${r},${g},${b})`;
