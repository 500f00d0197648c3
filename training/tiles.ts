import { channelsOf, createPixels, typeOf } from '../datasets/pixelTypes.js';
import type { Pixels } from '../datasets/sample.js';
import { valueAt } from '../engine/checked.js';
import type { StitchedTile, Stitching } from '../heads/index.js';
import type { Predictor } from './predictor.js';

export interface TileOptions<Result> {
  /** Side of a tile, pixels. */
  readonly tile: number;
  /** Longest side of an image that is answered at once, pixels. Defaults to a tile's. */
  readonly longest?: number;
  /** Share of a tile that it has in common with the next one, 0 to 0.9. */
  readonly overlap: number;
  readonly stitching: Pick<Stitching<Result>, 'isWholeToo' | 'create'>;
}

/**
 * Tiles of one size that cover an image, row by row.
 *
 * @param tile    side, pixels
 * @param overlap share of a tile that the next one has, too, 0 to 0.9
 */
export function planTiles(
  { width, height }: { readonly width: number; readonly height: number },
  tile: number,
  overlap: number,
): readonly StitchedTile[] {
  const columns = planAxis(width, tile, overlap);
  return planAxis(height, tile, overlap).flatMap((row) =>
    columns.map((column) => ({
      x: column.start,
      y: row.start,
      width: column.length,
      height: row.length,
      kept: [column.from, row.from, column.to, row.to] as const,
    })),
  );
}

function planAxis(side: number, tile: number, overlap: number) {
  const length = Math.min(tile, side);
  const count = 1 + Math.ceil((side - length) / Math.max(1, Math.floor(tile * (1 - overlap))));
  const starts = Array.from({ length: count }, (_, i) =>
    count === 1 ? 0 : Math.round((i * (side - length)) / (count - 1)),
  );
  const seam = (i: number): number => Math.floor((valueAt(starts, i) + valueAt(starts, i - 1) + length) / 2);
  return starts.map((start, i) => ({
    start,
    length,
    from: i === 0 ? 0 : seam(i),
    to: i === count - 1 ? side : seam(i + 1),
  }));
}

/** A predictor that answers large images tile by tile, so that memory grows with the tile and not with the image. */
export function tiled<Result>(predictor: Predictor<Result>, options: TileOptions<Result>): Predictor<Result> {
  const { tile, overlap, stitching, longest = tile } = options;
  const answer = async (image: Pixels): Promise<Result> => {
    const stitcher = stitching.create(image);
    const tiles = planTiles(image, tile, overlap);
    for (let at = 0; at < tiles.length; at += predictor.batchSize) {
      const batch = tiles.slice(at, at + predictor.batchSize);
      const results = await predictor.predict(batch.map((one) => crop(image, one)));
      for (const [i, one] of batch.entries()) stitcher.add(results[i] as Result, one);
    }
    if (stitching.isWholeToo) {
      const { width, height } = image;
      const [result] = await predictor.predict([image]);
      stitcher.add(result as Result, { x: 0, y: 0, width, height, kept: [0, 0, width, height] });
    }
    return stitcher.finish();
  };
  return {
    batchSize: predictor.batchSize,
    dispose: () => predictor.dispose(),
    predict: async (images) => {
      const isLarge = ({ width, height }: Pixels): boolean => Math.max(width, height) > longest;
      const small = images.filter((image) => !isLarge(image));
      const answers = small.length === 0 ? [] : await predictor.predict(small);
      const results: Result[] = [];
      let next = 0;
      for (const image of images) results.push(isLarge(image) ? await answer(image) : (answers[next++] as Result));
      return results;
    },
  };
}

/** A part of an image, with the statistics of the whole. */
function crop(image: Pixels, tile: StitchedTile): Pixels {
  const { data, width } = image;
  const channels = channelsOf(image);
  const row = tile.width * channels;
  const part = createPixels(typeOf(data), tile.height * row);
  for (let y = 0; y < tile.height; y++) {
    const from = ((tile.y + y) * width + tile.x) * channels;
    part.set(data.subarray(from, from + row), y * row);
  }
  return { ...image, data: part, width: tile.width, height: tile.height };
}
