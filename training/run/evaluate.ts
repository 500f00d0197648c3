import type { Dataset } from '../../datasets/dataset.js';
import type { Evaluator } from '../../datasets/evaluators/evaluator.js';
import type { Sample, Truth } from '../../datasets/sample.js';
import type { Predictor } from '../predictor.js';

export interface EvaluateOptions {
  /** Aborted: stops at the next batch by throwing the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called after every batch. */
  readonly onProgress?: (done: number, total: number) => void;
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
  { signal, onProgress }: EvaluateOptions = {},
): Promise<Report> {
  const { batchSize } = predictor;
  const load = (from: number): Promise<Sample<T>[]> => {
    const count = Math.max(0, Math.min(batchSize, dataset.size - from));
    const samples = Promise.all(Array.from({ length: count }, (_, i) => dataset.get(from + i)));
    samples.catch(() => undefined); // thrown when its turn comes
    return samples;
  };
  let upcoming = load(0);
  for (let from = 0; from < dataset.size; from += batchSize) {
    signal?.throwIfAborted();
    const samples = await upcoming;
    upcoming = load(from + batchSize);
    const results = await predictor.predict(samples.map(({ image }) => image));
    samples.forEach(({ id, truth }, i) => {
      evaluator.add(id, truth, results[i] as Result);
    });
    onProgress?.(from + samples.length, dataset.size);
  }
  return evaluator.report();
}
