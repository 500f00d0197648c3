/** Types of samples that images are stored in; uint8 is shown as it is, the others are scaled to 8 bits. */
export type SampleType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32';

/** What a decoder hands over: samples as stored. */
export interface Samples {
  readonly values: ArrayLike<number>;
  readonly type: SampleType;
  /** Samples of a pixel in `values`. */
  readonly channels: number;
  /** Those that are shown, in order. */
  readonly used: readonly number[];
  /** Zero is white. */
  readonly inverted: boolean;
  /** The whole range of the type is meant, whatever the brightest value. */
  readonly isFull: boolean;
}

/** How samples of one image became bytes: `from` is shown as 0, `to` as 255. */
export interface Levels {
  readonly type: SampleType;
  readonly from: number;
  readonly to: number;
  readonly lowest: number;
  readonly brightest: number;
  /** Samples that are no number or infinite, shown as `from`. */
  readonly notFinite: number;
  /** Nearly all bytes are below DARK: a few bright samples set the range. */
  readonly isDark: boolean;
}

/** What the eye takes for black, of 255. */
export const DARK = 16;
const NEARLY_ALL = 0.99;

/** Larger ones stand for 'no data', as the largest float32 does in maps. */
const MAX_FINITE = 1e30;
/** Sharpening and interpolation overshoot by less; what does is shown white. */
const OVERSHOOT = 1 + 1 / 16;

/**
 * Samples as bytes. The range shown is 0 to the smallest power of four that holds the brightest value (8, 10, 12, 14, 16
 * bits; 1 or 255 of floats), and as far below 0 as values are: fixed steps, so that images of one camera are scaled alike.
 *
 * @returns `data` [pixels * used]
 * @throws Error when no sample is a finite number
 */
export function toLevels(samples: Samples): { readonly data: Uint8Array; readonly levels: Levels } {
  const range = rangeOf(samples);
  const { values, channels, used, inverted } = samples;
  const { from, to } = range;
  const isShift = from === 0 && samples.type !== 'float32';
  const scale = isShift ? 256 / (to + 1) : 255 / (to - from);
  const rounding = isShift ? 0 : 0.5;
  const pixels = values.length / channels;
  const data = new Uint8Array(pixels * used.length);
  for (let c = 0; c < used.length; c++) {
    for (let i = 0, at = used[c] as number, put = c; i < pixels; i++, at += channels, put += used.length) {
      const value = values[at] as number;
      const level = Math.abs(value) <= MAX_FINITE ? Math.min(255, Math.floor((value - from) * scale + rounding)) : 0;
      data[put] = inverted ? 255 - level : level;
    }
  }
  const dark = data.reduce((count, level) => (level < DARK ? count + 1 : count), 0);
  return { data, levels: { ...range, isDark: dark >= NEARLY_ALL * data.length } };
}

function rangeOf({ values, type, channels, used, isFull }: Samples): Omit<Levels, 'isDark'> {
  let [lowest, brightest, notFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const channel of used) {
    for (let at = channel; at < values.length; at += channels) {
      const value = values[at] as number;
      if (!(Math.abs(value) <= MAX_FINITE)) notFinite++;
      else {
        if (value < lowest) lowest = value;
        if (value > brightest) brightest = value;
      }
    }
  }
  if (lowest > brightest) throw new Error('none of its samples is a finite number');
  if (isFull) return { type, from: 0, to: 65535, lowest, brightest, notFinite };
  const isFloat = type === 'float32';
  const [least, most] = LIMITS[type];
  const up = brightest > 0 || lowest >= 0 ? ceiling(brightest / (isFloat ? OVERSHOOT : 1), isFloat) : 0;
  const from = lowest < 0 ? Math.max(least, -power(-lowest, isFloat ? MIN_POWER : 4)) : 0;
  const to = Math.min(most, up);
  return { type, from, to, lowest, brightest, notFinite };
}

const MIN_POWER = -20;
/** What a type holds. */
const LIMITS: { readonly [type in SampleType]: readonly [least: number, most: number] } = {
  uint8: [0, 255],
  uint16: [0, 65535],
  uint32: [0, 2 ** 32 - 1],
  int8: [-128, 127],
  int16: [-32768, 32767],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  float32: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
};

/** The smallest power of four from 4 ** least up that holds the value. */
function power(value: number, least: number): number {
  let exponent = least;
  while (4 ** exponent < value) exponent++;
  return 4 ** exponent;
}

/** Whole numbers up to 255, 1,023, 4,095, ...; floats also up to 1 and its powers of four. */
function ceiling(value: number, isFloat: boolean): number {
  if (isFloat && value <= 64) return value === 0 ? 1 : power(value, MIN_POWER);
  return power(value + 1, 4) - 1;
}
