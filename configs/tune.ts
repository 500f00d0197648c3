import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import * as z from 'zod';
import { IMAGENET } from '../backbones/backbone.js';
import { ConfigError, EspalierError } from '../engine/errors.js';
import { readJson } from '../engine/files/read.js';
import { makeFolder, writeJson, writeWhole } from '../engine/files/write.js';
import { createRandom } from '../engine/random.js';
import { requireName, runFolder, takeLock } from '../training/run/index.js';
import { trainAugmentation } from './augmentation.js';
import { taskOf } from './network.js';
import type { Experiment } from './schema.js';
import { type Member, type SeriesOptions, trainSeries } from './series.js';

/** What is changed of a config. */
export interface Change {
  /** Factors on `train.learningRate` and `train.weightDecay`. */
  readonly rate: number;
  readonly decay: number;
  /** Strength of the augmentation: 0 leaves only turns and flips, 1 is the config's, 2 twice as much. */
  readonly strength: number;
}

/** One more round for the better third. */
export interface Rung {
  /** Duration of each training in it. */
  readonly minutes: number;
  /** Trials, best first; null: nothing was measured. */
  readonly scores: readonly { readonly trial: number; readonly score: number | null }[];
}

export interface Tuned {
  readonly trials: readonly Change[];
  readonly rungs: readonly Rung[];
  readonly best: { readonly trial: number; readonly score: number | null };
  /** The config with the best changes, a YAML file. */
  readonly file: string;
}

export interface TuneOptions extends Pick<SeriesOptions, 'out' | 'resume' | 'train'> {
  /** Duration of all trainings together. */
  readonly minutes: number;
  /** Trials of the first round. */
  readonly trials: number;
  readonly say: (line: string) => void;
}

/** What is left of the trials from round to round is one of so many. */
const ETA = 3;
/** Largest factors on the rate and on the decay, and largest strength. */
const [RATE, DECAY, STRENGTH] = [8, 10, 2] as const;
/** A decay that is 0 is tried from here. */
const LEAST_DECAY = 1e-4;

/**
 * Changes to try: none first, then drawn evenly, of rate and decay on a logarithmic scale.
 *
 * @param seed same seed, same changes
 */
export function drawChanges(count: number, seed: number): readonly Change[] {
  const random = createRandom([seed, 0x7e57]);
  const factor = (largest: number): number => largest ** (2 * random.next() - 1);
  return Array.from({ length: count }, (_, i) => {
    const drawn = { rate: factor(RATE), decay: factor(DECAY), strength: STRENGTH * random.next() };
    return i === 0 ? { rate: 1, decay: 1, strength: 1 } : drawn;
  });
}

/** A config with changes. */
export function changed(experiment: Experiment, { rate, decay, strength }: Change): Experiment {
  const { train, augment } = experiment;
  const least = train.weightDecay === 0 && decay !== 1 ? LEAST_DECAY : train.weightDecay;
  return {
    ...experiment,
    train: {
      ...train,
      learningRate: digits(Math.min(10, train.learningRate * rate)),
      weightDecay: digits(Math.min(1, least * decay)),
    },
    augment: strength === 1 ? augment : { ...augment, ...strengthened(experiment, strength) },
  };
}

/** Scale and colour of a config's augmentation, and the magnitude of RandAugment, as much stronger. */
function strengthened(experiment: Experiment, strength: number): Partial<Experiment['augment']> {
  const { augment, model } = experiment;
  const { scale, color } = trainAugmentation(experiment, model.inputSize, IMAGENET);
  const share = (value: number): number => digits(Math.min(1, value * strength));
  return {
    scale: [digits(scale[0] ** strength), digits(scale[1] ** strength)],
    brightness: share(color.brightness),
    contrast: share(color.contrast),
    saturation: share(color.saturation),
    hue: Math.min(0.5, share(color.hue)),
    policy: augment.policy.replace(/^rand-m([\d.]+)/, (_, magnitude: string) => {
      return `rand-m${Math.min(MOST_MAGNITUDE, Math.round(Number(magnitude) * strength))}`;
    }),
  };
}

/** Largest magnitude of RandAugment's ops. */
const MOST_MAGNITUDE = 10;

const digits = (value: number): number => Number(value.toPrecision(4));

/** Trials of each round: a third goes on, until no more than three are compared. */
export function roundsOf(trials: number): readonly number[] {
  const rounds = [trials];
  for (let left = trials; left > ETA; ) {
    left = Math.ceil(left / ETA);
    rounds.push(left);
  }
  return rounds;
}

/**
 * Trains many changes of a config for a short time, the better third of them for longer, and so on, each from the start: every round
 * has the same share of the time; one that diverges is the last of its round. What ran before is not run again with `resume`. Writes
 * `tune.json` and `best.yaml`.
 *
 * @returns null: it was interrupted
 * @throws ConfigError for a config without validation images, or when `out` holds another search, a run, or files of these names
 * @throws EspalierError when no trial of a round could be measured
 * @source Jamieson and Talwalkar 2015, arXiv:1502.07943, algorithm 1
 */
export async function tune(experiment: Experiment, options: TuneOptions): Promise<Tuned | null> {
  const { out, minutes, trials: count } = options;
  if (experiment.data.val === null) throw new ConfigError('there is nothing to compare by: add data.val');
  const trials = drawChanges(count, experiment.train.seed);
  const digest = createHash('sha256').update(JSON.stringify(experiment)).digest('hex');
  begin(options, { minutes, trials: count, seed: experiment.train.seed, config: digest });
  const unlock = takeLock(join(out, 'tune.lock'), ELSEWHERE);
  try {
    return await search(experiment, options, trials);
  } finally {
    unlock();
  }
}

async function search(experiment: Experiment, options: TuneOptions, trials: readonly Change[]): Promise<Tuned | null> {
  const { out, minutes, trials: count, say } = options;
  const { metric } = taskOf(experiment);
  const onFailure: SeriesOptions['onFailure'] = (name, error) => say(`${name} ${error}`);
  const rounds = roundsOf(count);
  const rungs: Rung[] = [];
  let left = trials.map((_, trial) => trial);
  for (const [round, size] of rounds.entries()) {
    left = left.slice(0, size);
    const each = minutes / rounds.length / size;
    say(`round ${round + 1} of ${rounds.length}: ${size} trials of ${digits(each)} minutes`);
    const members = left.map((trial): Member => {
      const { train, ...rest } = changed(experiment, trials[trial] as Change);
      const timed = { ...train, epochs: null, minutes: each, evaluateEvery: ONLY_AT_THE_END };
      return { name: `trial-${trial}`, experiment: { ...rest, train: timed } };
    });
    const ran = await trainSeries(members, { ...options, onFailure, out: join(out, `round-${round}`) });
    if (ran === null) return null;
    const scores = ran.runs.map(({ figures }, i) => ({ trial: left[i] as number, score: figures[metric] ?? null }));
    scores.sort(
      (a, b) => (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY) || a.trial - b.trial,
    );
    if (scores.every(({ score }) => score === null)) {
      throw new EspalierError(
        `no trial of round ${round + 1} has a ${metric} to compare by: lower train.learningRate if they diverged, give more --minutes, or validation images with something to find (data.val)`,
      );
    }
    rungs.push({ minutes: each, scores });
    left = scores.map(({ trial }) => trial);
  }
  const [best] = rungs.at(-1)?.scores ?? [];
  const chosen = best ?? { trial: 0, score: null };
  const { best: file, tuned: record } = filesOf(out);
  const text = `# Best of ${count} changes of a config in ${minutes} minutes: trial ${chosen.trial}.\n${stringify(changed(experiment, trials[chosen.trial] as Change))}`;
  writeWhole(file, [new TextEncoder().encode(text)], ELSEWHERE);
  const tuned = { trials, rungs, best: chosen, file };
  writeJson(record, { minutes, seed: experiment.train.seed, ...tuned }, ELSEWHERE);
  return tuned;
}

const ONLY_AT_THE_END = 1_000_000;

const ELSEWHERE = 'choose another folder with --out';

/** `asked` marks the folder of a search. */
const filesOf = (out: string) => {
  return { asked: join(out, 'asked.json'), tuned: join(out, 'tune.json'), best: join(out, 'best.yaml') };
};

const askedSchema = z.object({
  minutes: z.number(),
  trials: z.number(),
  seed: z.number(),
  /** SHA-256 of it. */
  config: z.string(),
});

/** Notes what is searched for, so that another search is not mixed with it, and no file of another kind replaced. */
function begin({ out, resume }: TuneOptions, asked: z.output<typeof askedSchema>): void {
  requireName(out);
  const files = filesOf(out);
  if (!existsSync(files.asked)) {
    const foreign = [runFolder(out).config, files.tuned, files.best].find((file) => existsSync(file));
    if (foreign !== undefined) throw new ConfigError(`${foreign} is there and belongs to no search: ${ELSEWHERE}`);
    makeFolder(out, ELSEWHERE);
    writeJson(files.asked, asked, ELSEWHERE);
    return;
  }
  if (!resume) throw new ConfigError(`${out} already holds a search: continue it with --resume, or ${ELSEWHERE}`);
  const refuse = (problem: string) => new ConfigError(`${files.asked}: ${problem}: ${ELSEWHERE}`);
  const before = askedSchema.safeParse(readJson(files.asked, { maxBytes: 2 ** 16, refuse }));
  if (!before.success) throw refuse('it is no search of this library');
  const keys = (['minutes', 'trials', 'seed', 'config'] as const).filter((key) => before.data[key] !== asked[key]);
  if (keys.length === 0) return;
  const { minutes, trials, seed } = before.data;
  throw new ConfigError(
    `${out} holds a search with another ${keys.join(', ')} (${trials} trials in ${minutes} minutes, seed ${seed}): ask for the same, or ${ELSEWHERE}`,
  );
}
