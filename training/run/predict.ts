import { decodeImage } from '../../datasets/decode/index.js';
import type { Pixels } from '../../datasets/sample.js';
import type { Predictor } from '../predictor.js';

export interface Prediction<Result> {
  /** Path as it was given. */
  readonly file: string;
  readonly image: Pixels;
  readonly result: Result;
}

/**
 * Answers image files in their order, a batch at a time, so that memory does not grow with their number.
 *
 * @throws DataError naming a file that cannot be read
 */
export async function* predictImages<Result>(
  predictor: Predictor<Result>,
  files: readonly string[],
): AsyncGenerator<Prediction<Result>, void> {
  for (let from = 0; from < files.length; from += predictor.batchSize) {
    const batch = files.slice(from, from + predictor.batchSize);
    const images = await Promise.all(batch.map((file) => decodeImage(file)));
    const results = await predictor.predict(images);
    for (const [i, file] of batch.entries()) yield { file, image: images[i] as Pixels, result: results[i] as Result };
  }
}
