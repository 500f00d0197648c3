import { ConfigError } from '../../../engine/errors.js';
import { BACKGROUND } from '../../labels.js';
import { backgroundOf, hasClass, isOverlapping } from '../../overlap.js';
import type { LabelMap } from '../../sample.js';
import { connectedComponents } from './components.js';
import type { CasesConfig } from './config.js';
import type { Grid } from './grid.js';

/** The classes of which only the largest component is kept, by index, and what the rest becomes. */
export interface KeptLargest {
  readonly classes: readonly number[];
  readonly background: number;
  /** True: a value is a set of classes, of which smaller components leave theirs alone. */
  readonly overlaps?: boolean;
  readonly connectivity: CasesConfig['connectivity'];
}

/**
 * What the settings say; null: everything is kept.
 *
 * @throws ConfigError for a class that is not there, the background itself, and where no class is the background
 */
export function keptLargest(
  labels: LabelMap,
  { largest, connectivity }: Pick<CasesConfig, 'largest' | 'connectivity'>,
): KeptLargest | null {
  if (largest.length === 0) return null;
  const { classes } = labels;
  const background = backgroundOf(labels);
  const indices = largest.map((name) => classes.findIndex((own) => own.name === name && own.name !== BACKGROUND));
  const unknown = largest[indices.indexOf(-1)];
  if (unknown !== undefined) {
    throw new ConfigError(
      `evaluate.cases.largest names ${unknown}, the data set has ${classes.map(({ name }) => name).join(', ')}: name one of them other than ${BACKGROUND}`,
    );
  }
  if (background < 0) {
    throw new ConfigError(
      `evaluate.cases.largest makes smaller parts ${BACKGROUND}, and there is no such class: leave it out`,
    );
  }
  return { classes: indices, background, overlaps: isOverlapping(labels), connectivity };
}

/**
 * A class map of which smaller components of the classes are background; the same map where nothing changes. Of components of
 * one size the first stays.
 *
 * @param mask [voxels] class index
 */
export function keepLargest(
  mask: Uint8Array,
  shape: Grid['shape'],
  { classes, background, overlaps = false, connectivity }: KeptLargest,
): Uint8Array {
  let kept = mask;
  for (const label of classes) {
    const inside = mask.map((value) => ((overlaps ? hasClass(value, label) : value === label) ? 1 : 0));
    const { labels, count, sizes } = connectedComponents(inside, shape, connectivity);
    if (count < 2) continue;
    const most = sizes.subarray(1).reduce((a, b) => Math.max(a, b), 0); // of noise there may be a million
    const largest = sizes.indexOf(most, 1);
    kept = kept.map((value, at) =>
      labels[at] !== 0 && labels[at] !== largest ? (overlaps ? value & ~(1 << label) : background) : value,
    );
  }
  return kept;
}
