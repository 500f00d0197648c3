import { quickMatch } from '../wasm/matching.js';
import { cellReader } from './cellReader.js';
import { emptyMatched, type Matched, type MatchInput } from './matched.js';

/** Matches a stretch of images, by WebAssembly where that is there and has room. */
export const matchImages = (input: MatchInput, firstImage: number, endImage: number): Matched =>
  quickMatch(input, firstImage, endImage) ?? matchByCells(input, firstImage, endImage);

/** The same by `matchCell`: the readable form, which says what is right and takes many times as long. */
export function matchByCells(input: MatchInput, firstImage: number, endImage: number): Matched {
  const { params } = input;
  const out = emptyMatched(input, firstImage, endImage);
  const reader = cellReader(input);
  const A = params.areaRng.length;
  const limit = params.maxDets.at(-1)!;
  for (const [k, category] of params.catIds.entries()) {
    for (let image = firstImage; image < endImage; image++) {
      const begin = out.base[k]! + out.fill[k]!;
      for (const [a, range] of params.areaRng.entries()) {
        const cell = reader.match(params.imgIds[image]!, category, range, limit);
        if (cell === null) break;
        const D = cell.dtScores.length;
        out.counted[k * A + a]! += cell.gtIgnore.reduce((sum, ignored) => sum + 1 - ignored, 0);
        for (let d = 0; d < D; d++) {
          out.scores[begin + d] = cell.dtScores[d]!;
          out.ranks[begin + d] = d;
          out.images[begin + d] = image;
          let code = 0;
          for (let t = 0; t < params.iouThrs.length; t++)
            if (!cell.dtIgnore[t * D + d]) code |= 1 << (cell.dtMatches[t * D + d] === 0 ? 16 + t : t);
          out.codes[(begin + d) * A + a] = code;
        }
        if (a === 0) out.fill[k]! += D;
      }
    }
    out.mixed[k] = out.fill[k]!;
  }
  return out;
}
