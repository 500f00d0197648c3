import { type DecodeImageOptions, decodeImage, readImageSize } from '../../datasets/decode/index.js';
import type { Pixels } from '../../datasets/sample.js';
import type { Predictor } from '../predictor.js';
import { batchesOf } from './batches.js';

export interface Prediction<Result> {
  /** Path as it was given. */
  readonly file: string;
  readonly image: Pixels;
  readonly result: Result;
}

/** Hears what the pixels do not show as it is stored. */
export type PredictImagesOptions = Pick<DecodeImageOptions, 'onNote'>;

/**
 * Answers image files in their order, a batch at a time, so that memory does not grow with their number.
 *
 * @throws DataError naming a file that cannot be read
 */
export async function* predictImages<Result>(
  predictor: Predictor<Result>,
  files: readonly string[],
  options: PredictImagesOptions = {},
): AsyncGenerator<Prediction<Result>, void> {
  for await (const batch of batchesOf(files, predictor.batchSize, pixelsOf)) {
    const images = await Promise.all(batch.map((file) => decodeImage(file, options)));
    const results = await predictor.predict(images);
    for (const [i, file] of batch.entries()) yield { file, image: images[i] as Pixels, result: results[i] as Result };
  }
}

/** Of the file's header; 0 when it cannot be read, which is said when its turn comes. */
function pixelsOf(file: string): Promise<number> {
  return readImageSize(file).then(
    ({ width, height }) => width * height,
    () => 0,
  );
}
