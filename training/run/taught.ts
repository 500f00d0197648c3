import { caseStatistics } from '../../datasets/caseStatistics.js';
import { shownImage } from '../../datasets/decode/index.js';
import type { Encoder } from '../../datasets/encoder.js';
import type { RgbPixels, Truth } from '../../datasets/sample.js';
import type { TrainBatch } from './batch.js';

/** An image of a batch as the network sees it. */
export interface TaughtImage {
  readonly id: string;
  /** Width of the input, pixels. */
  readonly width: number;
  readonly height: number;
  /** For the eye; a copy. */
  readonly image: RgbPixels;
  /** What its targets teach, decoded back; null: they cannot be shown. */
  readonly truth: Truth | null;
}

/** The first images of a batch, with what their targets teach. @param most how many. Defaults to all */
export function taughtImages(
  { images, shape, targets, ids }: Pick<TrainBatch, 'images' | 'shape' | 'targets' | 'ids'>,
  encoder: Encoder<Truth> | null,
  most = ids.length,
): readonly TaughtImage[] {
  const [, height, width, channels] = shape;
  const area = height * width * channels;
  return ids.slice(0, most).map((id, row) => {
    const rows = Object.entries(targets).map(
      ([
        name,
        {
          data,
          shape: [count = 1],
        },
      ]) => {
        const length = data.length / count;
        return [name, data.subarray(row * length, (row + 1) * length)] as const;
      },
    );
    const truth = encoder?.decode?.(Object.fromEntries(rows)) ?? null;
    const data = images.slice(row * area, (row + 1) * area);
    const isRgb = data instanceof Uint8Array && channels === 3;
    const statistics = isRgb ? {} : { statistics: caseStatistics(data, { width, height, depth: 1, channels }) };
    return { id, width, height, image: shownImage({ data, width, height, ...statistics }), truth };
  });
}
