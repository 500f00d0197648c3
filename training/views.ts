import { channelsOf, createPixels, typeOf } from '../datasets/pixelTypes.js';
import type { Pixels } from '../datasets/sample.js';
import type { Fill } from '../datasets/transforms/warp.js';
import { valueAt } from '../engine/checked.js';
import type { Views } from '../heads/index.js';
import type { Predictor } from './predictor.js';

/** In which ways an image is seen. */
export interface ViewOptions {
  /** True: mirrored, too. */
  readonly flip: boolean;
  /** Factors of its size in the network's input, above 0 to 1. */
  readonly scales: readonly number[];
}

type Combine<Result> = (results: readonly Result[]) => Result;

/** Answers of several networks as one. The first one's batches are those of all. */
export function combined<Result>(
  predictors: readonly [Predictor<Result>, ...Predictor<Result>[]],
  combine: Combine<Result>,
): Predictor<Result> {
  return {
    batchSize: predictors[0].batchSize,
    dispose: () => {
      for (const predictor of predictors) predictor.dispose();
    },
    predict: async (images) => {
      const all: Result[][] = [];
      for (const predictor of predictors) all.push(await predictor.predict(images));
      return images.map((_, i) => combine(all.map((answers) => answers[i] as Result)));
    },
  };
}

/**
 * Answers of one network that sees every image in several ways, each answer brought back to the image itself.
 *
 * @param fillOf what is around an image that is seen smaller
 */
export function seenOften<Result>(
  predictor: Predictor<Result>,
  { flip, scales }: ViewOptions,
  views: Pick<Views<Result>, 'mirrored' | 'cropped'>,
  combine: Combine<Result>,
  fillOf: () => Fill,
): Predictor<Result> {
  const ways = scales.flatMap((scale) => (flip ? [false, true] : [false]).map((isMirrored) => ({ scale, isMirrored })));
  return {
    batchSize: predictor.batchSize,
    dispose: () => predictor.dispose(),
    predict: async (images) => {
      const all: Result[][] = [];
      for (const { scale, isMirrored } of ways) {
        const seen = images.map((image) => enlarged(isMirrored ? mirror(image) : image, scale, fillOf()));
        const answers = await predictor.predict(seen);
        all.push(
          answers.map((answer, i) => {
            const image = valueAt(images, i);
            const own = scale === 1 ? answer : views.cropped(answer, image);
            return isMirrored ? views.mirrored(own, image) : own;
          }),
        );
      }
      return images.map((_, i) => combine(all.map((answers) => answers[i] as Result)));
    },
  };
}

/** The image with left and right exchanged. */
export function mirror(image: Pixels): Pixels {
  const { data, width, height } = image;
  const channels = channelsOf(image);
  const mirrored = createPixels(typeOf(data), data.length);
  for (let at = 0; at < width * height; at++) {
    const x = at % width;
    const from = (at - x + (width - 1 - x)) * channels;
    for (let c = 0; c < channels; c++) mirrored[at * channels + c] = valueAt(data, from + c);
  }
  return { ...image, data: mirrored };
}

/** The image in the upper left corner of one whose sides are 1 / scale times as long. */
function enlarged(image: Pixels, scale: number, fill: Fill): Pixels {
  if (scale === 1) return image;
  const channels = channelsOf(image);
  const [width, height] = [Math.round(image.width / scale), Math.round(image.height / scale)];
  const data = createPixels(typeOf(image.data), width * height * channels);
  for (let c = 0; c < channels; c++) for (let at = c; at < data.length; at += channels) data[at] = fill[c] ?? 0;
  const row = image.width * channels;
  for (let y = 0; y < image.height; y++) data.set(image.data.subarray(y * row, (y + 1) * row), y * width * channels);
  return { ...image, data, width, height };
}
