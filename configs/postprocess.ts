import { existsSync } from 'node:fs';
import * as z from 'zod';
import { BACKGROUND } from '../datasets/labels.js';
import type { LabelMap } from '../datasets/sample.js';
import { ConfigError } from '../engine/errors.js';
import { readJson } from '../engine/files/read.js';
import { writeJson } from '../engine/files/write.js';

const schema = z.strictObject({
  /** Classes of which only the largest component is kept. */
  largest: z.array(z.string().min(1)).max(255).readonly(),
  /** That it was decided on. */
  split: z.string(),
  /** Mean Dice of the cases by class, as answered, and with the largest component alone. */
  dice: z.record(z.string(), z.object({ answered: z.number(), kept: z.number() })),
});
/** What validation showed to help once a network has answered. */
export type Postprocess = z.infer<typeof schema>;

const MAX_BYTES = 2 ** 20;

/**
 * What was decided for a run with these classes; null: nothing was.
 *
 * @throws ConfigError when the file is damaged, or another run's
 */
export function readPostprocess(file: string, { classes }: LabelMap): Postprocess | null {
  if (!existsSync(file)) return null;
  const refuse = (problem: string) =>
    new ConfigError(`${file}: ${problem}; remove it, or decide again with evaluate --keep-largest`);
  const read = schema.safeParse(readJson(file, { maxBytes: MAX_BYTES, refuse }));
  if (!read.success) throw refuse('it is no decision of this library');
  const foreign = read.data.largest.find((one) => one === BACKGROUND || classes.every(({ name }) => name !== one));
  if (foreign === undefined) return read.data;
  throw refuse(`it keeps the largest component of '${foreign}', which is no class of the run beside the background`);
}

/**
 * The classes whose mean Dice over the cases rises when only their largest component is kept.
 *
 * @source nnU-Net v2, postprocessing/remove_connected_components.py: kept where the mean Dice of the validation cases rises
 */
export function decidePostprocess(dice: Postprocess['dice'], split: string): Postprocess {
  const largest = Object.entries(dice).flatMap(([name, { answered, kept }]) => (kept > answered ? [name] : []));
  return { largest, split, dice };
}

/** What the folds of a cross-validation come to together, every case counting alike. */
export function joinFolds(
  folds: readonly { readonly dice: Postprocess['dice']; readonly cases: { readonly [name: string]: number } }[],
): Postprocess['dice'] {
  const names = new Set(folds.flatMap(({ dice }) => Object.keys(dice)));
  return Object.fromEntries(
    [...names].map((name) => {
      const all = folds.flatMap(({ dice, cases }) => (dice[name] ? [{ ...dice[name], count: cases[name] ?? 0 }] : []));
      const total = all.reduce((sum, { count }) => sum + count, 0);
      const mean = (of: (one: (typeof all)[number]) => number): number =>
        all.reduce((sum, one) => sum + of(one) * one.count, 0) / Math.max(1, total);
      return [name, { answered: mean(({ answered }) => answered), kept: mean(({ kept }) => kept) }];
    }),
  );
}

export const writePostprocess = (file: string, decided: Postprocess): void => writeJson(file, decided);
