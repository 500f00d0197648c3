/** The line that a RegNet's widths follow. */
export interface RegNetRow {
  /** Blocks of the network. */
  readonly depth: number;
  /** Width at its start, channels: w_0. */
  readonly width: number;
  /** Channels every block adds: w_a. */
  readonly slope: number;
  /** Width of a stage / that of the one before: w_m. */
  readonly factor: number;
  /** Channels of a group of the 3x3 convolutions. */
  readonly group: number;
}

/** RegNet-Y as data. Rows: Radosavovic et al. 2020, arXiv:2003.13678, and the release's model zoo. */
// biome-ignore format: a table
export const REGNETS = {
  regnety_002: { depth: 13, width: 24, slope: 36.44, factor: 2.49, group: 8 },
  regnety_004: { depth: 16, width: 48, slope: 27.89, factor: 2.09, group: 8 },
  regnety_006: { depth: 15, width: 48, slope: 32.54, factor: 2.32, group: 16 },
  regnety_008: { depth: 14, width: 56, slope: 38.84, factor: 2.4,  group: 16 },
  regnety_016: { depth: 27, width: 48, slope: 20.71, factor: 2.65, group: 24 },
  regnety_032: { depth: 21, width: 80, slope: 42.63, factor: 2.66, group: 24 },
} as const satisfies { readonly [arch: string]: RegNetRow };
export type RegNetArch = keyof typeof REGNETS;

export const STEM_CHANNELS = 32;
/** Squeeze-excite width / block input width. */
export const SQUEEZE = 0.25;
export const EPSILON = 1e-5;

/**
 * Blocks and width of every stage: block i would be width + i * slope channels wide, is given the nearest power of the
 * factor, then the nearest multiple of 8, and at last of the group.
 *
 * @source Radosavovic et al. 2020, section 3.3, equations 2 to 4
 */
export function regNetStages(row: RegNetRow): readonly { readonly repeats: number; readonly channels: number }[] {
  const repeats = new Map<number, number>();
  for (let i = 0; i < row.depth; i++) {
    const power = nearestEven(Math.log(1 + (i * row.slope) / row.width) / Math.log(row.factor));
    const width = nearestEven((row.width * row.factor ** power) / 8) * 8;
    repeats.set(width, (repeats.get(width) ?? 0) + 1);
  }
  return [...repeats].map(([width, count]) => ({
    repeats: count,
    channels: nearestEven(width / row.group) * row.group,
  }));
}

/** Halves go to the even neighbour, as the release rounds: 8.5 groups of 16 channels are 8. */
function nearestEven(value: number): number {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
}
