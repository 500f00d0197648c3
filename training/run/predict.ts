import { type DecodeImageOptions, decodeDeep, decodeImage, readImageSize } from '../../datasets/decode/index.js';
import type { Pixels } from '../../datasets/sample.js';
import { DataError } from '../../engine/errors.js';
import type { Predictor } from '../predictor.js';
import { batchesOf } from './batches.js';

export interface Prediction<Result> {
  /** Path as it was given. */
  readonly file: string;
  readonly image: Pixels;
  readonly result: Result;
}

/** Hears what the pixels do not show as it is stored. */
export interface PredictImagesOptions extends Pick<DecodeImageOptions, 'onNote'> {
  /** Hears of a file that cannot be read, and the others are answered. Defaults to an error. */
  /** True: images keep their own depth. Defaults to false. */
  readonly isDeep?: boolean;
  readonly onBad?: (file: string, error: DataError) => void;
}

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
    const decoded = await Promise.all(batch.map((file) => decodeOrTell(file, options)));
    const found = decoded.filter((one) => one !== null);
    const results = found.length === 0 ? [] : await predictor.predict(found.map(({ image }) => image));
    for (const [i, { file, image }] of found.entries()) yield { file, image, result: results[i] as Result };
  }
}

async function decodeOrTell(
  file: string,
  { onBad, isDeep = false, ...options }: PredictImagesOptions,
): Promise<{ readonly file: string; readonly image: Pixels } | null> {
  try {
    return { file, image: isDeep ? await decodeDeep(file) : await decodeImage(file, options) };
  } catch (error) {
    if (onBad === undefined || !(error instanceof DataError)) throw error;
    onBad(file, error);
    return null;
  }
}

/** Pixels by the file's header; 0 when it cannot be read, which is said when its turn comes. */
function pixelsOf(file: string): Promise<number> {
  return readImageSize(file).then(
    ({ width, height }) => width * height,
    () => 0,
  );
}
