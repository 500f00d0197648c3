import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { ConfigError, DivergedError, EspalierError, WriteError } from '../engine/errors.js';
import { readJson } from '../engine/files/read.js';
import { makeFolder, removeEmpty, writeJson } from '../engine/files/write.js';
import { requireName, runFolder, takeLock } from '../training/run/index.js';
import type { Experiment } from './schema.js';

/** One of several trainings of a config. */
export interface Member {
  /** Name of its folder. */
  readonly name: string;
  readonly experiment: Experiment;
}

/** What became of one: plain JSON. */
export interface MemberResult {
  readonly name: string;
  /** Why it ended; 'diverged' and 'failed': with an error. */
  readonly reason: string;
  readonly step: number;
  readonly seconds: number;
  /** Error of one that diverged or failed. */
  readonly error?: string;
  /** Figures of its best evaluation, or the last one; empty where nothing was measured. */
  readonly figures: { readonly [figure: string]: number };
}

/** Mean and deviation of one figure over all that have it. */
export interface Spread {
  readonly mean: number;
  /** Sample standard deviation, n - 1 below; null: there is one value. */
  readonly sd: number | null;
  readonly values: readonly number[];
}

/** As `summary.json` holds it. */
export interface SeriesSummary {
  readonly runs: readonly MemberResult[];
  readonly figures: { readonly [figure: string]: Spread };
}

/** A training for each fold. @throws ConfigError for a config without folds */
export function foldMembers(experiment: Experiment): readonly Member[] {
  const { data } = experiment;
  if (data.folds === null) throw new ConfigError('--fold all: the config has no folds: add data.folds, e.g. 5');
  return Array.from({ length: data.folds }, (_, fold) => {
    return { name: `fold-${fold}`, experiment: { ...experiment, data: { ...data, fold } } };
  });
}

const LAST_SEED = 2 ** 32 - 1;

/** Trainings that differ in the seed alone: that of the config and those after it. @throws ConfigError where there are none after it */
export function seedMembers(experiment: Experiment, count: number): readonly Member[] {
  const { train } = experiment;
  if (train.seed + count - 1 > LAST_SEED) {
    throw new ConfigError(
      `--seeds ${count}: there are no ${count} seeds from train.seed ${train.seed} on, the last one is ${LAST_SEED}: lower train.seed`,
    );
  }
  return Array.from({ length: count }, (_, i) => {
    const seed = train.seed + i;
    return { name: `seed-${seed}`, experiment: { ...experiment, train: { ...train, seed } } };
  });
}

/** Means and deviations of the figures that all runs have been asked for. */
export function summarise(runs: readonly MemberResult[]): SeriesSummary {
  const names = new Set(runs.flatMap(({ figures }) => Object.keys(figures)));
  const figures = [...names].map((name) => {
    const values = runs.flatMap(({ figures: { [name]: value } }) => (typeof value === 'number' ? [value] : []));
    return [name, spreadOf(values)] as const;
  });
  return { runs, figures: Object.fromEntries(figures) };
}

function spreadOf(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length < 2 ? null : Math.sqrt(squares / (values.length - 1)), values };
}

export interface SeriesOptions {
  /** Folder of the series; each run has one of its own in it. */
  readonly out: string;
  /** Leaves out what is done, and continues what was begun. */
  readonly resume: boolean;
  /** Trains one. @param begun its folder holds a run already */
  readonly train: (member: Member, folder: string, begun: boolean) => Promise<Omit<MemberResult, 'name'>>;
  /** Called before each. */
  readonly onMember?: (member: Member, isDone: boolean) => void;
  /** Called when one has diverged or failed. */
  readonly onFailure?: (name: string, error: string) => void;
}

/** The file of a series, and the mark of its folder. */
export const summaryOf = (out: string): string => join(out, 'summary.json');

/**
 * Trains one after the other, each in a folder of its own, and writes `summary.json` after each. One that diverges or fails is noted, and
 * the others go on.
 *
 * @returns null: one was interrupted
 * @throws what the first training is refused with: nothing is left of the series then
 * @throws WriteError when there is no place for what is written; EspalierError when another process trains in `out`
 * @throws ConfigError when `out` holds a series or a run already, and `resume` is not said
 */
export async function trainSeries(
  members: readonly Member[],
  { out, resume, train, onMember, onFailure }: SeriesOptions,
): Promise<SeriesSummary | null> {
  requireName(out);
  if (existsSync(runFolder(out).config)) throw new ConfigError(`${out} holds a single run: ${ELSEWHERE}`);
  if (!resume && existsSync(summaryOf(out))) {
    throw new ConfigError(`${out} already holds several runs: continue them with --resume, or ${ELSEWHERE}`);
  }
  const made = makeFolder(out, ELSEWHERE);
  const unlock = takeLock(join(out, 'series.lock'), ELSEWHERE);
  const isNew = !existsSync(summaryOf(out));
  const finished: MemberResult[] = [];
  const write = (): void => writeJson(summaryOf(out), summarise(finished), ELSEWHERE);
  const failed =
    (folder: string) =>
    (error: unknown): Omit<MemberResult, 'name'> => {
      const isRefused = !(error instanceof DivergedError) && finished.length === 0 && !existsSync(folder);
      if (isRefused && isNew) {
        unlock();
        rmSync(summaryOf(out), { force: true });
        removeEmpty(made);
      }
      const isOfAll = error instanceof WriteError || error instanceof ConfigError;
      if (isRefused || isOfAll || !(error instanceof EspalierError)) throw error;
      const reason = error instanceof DivergedError ? 'diverged' : 'failed';
      return { reason, step: 0, seconds: 0, error: error.message, figures: {} };
    };
  try {
    write();
    for (const member of members) {
      const folder = join(out, member.name);
      const done = resume ? finishedIn(folder) : null;
      onMember?.(member, done !== null);
      const begun = resume && existsSync(runFolder(folder).config);
      const result = done ?? (await train(member, folder, begun).catch(failed(folder)));
      if (result.reason === 'interrupted') return null;
      if (result.error !== undefined) onFailure?.(member.name, `${result.reason}: ${result.error}`);
      finished.push({ name: member.name, ...result });
      write();
    }
    return summarise(finished);
  } finally {
    unlock();
  }
}

const ELSEWHERE = 'choose another folder with --out';

/** Schema of `results.json`. */
const resultsSchema = z.object({
  reason: z.string(),
  step: z.number(),
  seconds: z.number(),
  best: z.object({ report: z.unknown() }).nullable(),
  latest: z.object({ report: z.unknown() }).nullable(),
});

/** What a finished run has written; null: it is not finished. */
function finishedIn(folder: string): Omit<MemberResult, 'name'> | null {
  const { results } = runFolder(folder);
  if (!existsSync(results)) return null;
  const refuse = (problem: string) =>
    new ConfigError(`${results}: ${problem}: remove the folder of this run, and it is trained anew`);
  const read = resultsSchema.safeParse(readJson(results, { maxBytes: 2 ** 24, refuse }));
  return read.success ? memberResult(read.data) : null;
}

/** What is kept of a training. */
export function memberResult({
  reason,
  step,
  seconds,
  best,
  latest,
}: z.output<typeof resultsSchema>): Omit<MemberResult, 'name'> {
  return { reason, step, seconds, figures: figuresOf((best ?? latest)?.report) };
}

/** The numbers of a report, those of classes left out. */
function figuresOf(report: unknown): { readonly [figure: string]: number } {
  const entries = Object.entries<unknown>(Object(report));
  return Object.fromEntries(entries.filter((entry): entry is [string, number] => Number.isFinite(entry[1])));
}
