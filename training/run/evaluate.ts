import type { Dataset } from '../../datasets/dataset.js';
import type { Evaluator } from '../../datasets/evaluators/evaluator.js';
import type { Sample, Truth } from '../../datasets/sample.js';
import type { Predictor } from '../predictor.js';
import { batchesOf } from './batches.js';

export interface EvaluateOptions<Result = unknown> {
  /** Aborted: stops at the next batch by throwing the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every batch. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with every image and its answer, in their order; the pixels are not kept. */
  readonly onAnswer?: ((sample: Sample, answer: Result) => void) | undefined;
  /** Evaluators of the parts of the data set that an image belongs to, which it is added to, too. */
  readonly alsoIn?: ((id: string) => readonly Pick<Evaluator<Truth, unknown, unknown>, 'add'>[]) | undefined;
}

/**
 * Answers every image of a data set and measures the answers. The next batch is decoded while one is answered.
 *
 * @returns the evaluator's report
 * @throws DataError naming an image that cannot be read
 */
export async function evaluateModel<T extends Truth, Result, Report>(
  predictor: Predictor<Result>,
  dataset: Dataset<T>,
  evaluator: Evaluator<T, Result, Report>,
  { signal, onProgress, onAnswer, alsoIn }: EvaluateOptions<Result> = {},
): Promise<Report> {
  const pixelsOf = (index: number): number => {
    const { width, height } = dataset.entries[index] ?? { width: null, height: null };
    return (width ?? 0) * (height ?? 0);
  };
  const batches = batchesOf(Array(dataset.size).keys(), predictor.batchSize, pixelsOf);
  const load = (): Promise<readonly Sample<T>[] | null> => {
    const samples = batches
      .next()
      .then(({ value }) => (value ? Promise.all(value.map((index) => dataset.get(index))) : null));
    samples.catch(() => undefined); // thrown when its turn comes
    return samples;
  };
  let done = 0;
  let upcoming = load();
  for (let samples = await upcoming; samples !== null; samples = await upcoming) {
    signal?.throwIfAborted();
    upcoming = load();
    const results = await predictor.predict(samples.map(({ image }) => image));
    samples.forEach((sample, i) => {
      const answer = results[i] as Result;
      evaluator.add(sample.id, sample.truth, answer);
      for (const part of alsoIn?.(sample.id) ?? []) part.add(sample.id, sample.truth, answer);
      onAnswer?.(sample, answer);
    });
    done += samples.length;
    onProgress?.(done, dataset.size);
  }
  return evaluator.report();
}
