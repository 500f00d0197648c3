import type { Id } from '../annotation.js';
import { CocoError } from '../errors.js';
import { joinParts, type NpyArray, npzParts } from '../formats/npz.js';
import type { COCOeval } from './cocoeval.js';

const floats = (values: ArrayLike<number>): NpyArray => ({
  shape: [values.length],
  data: values instanceof Float64Array ? values : Float64Array.from(values),
});
const integers = (values: readonly number[]): NpyArray => ({
  shape: [values.length],
  data: Int32Array.from(values),
});
const texts = (values: readonly string[]): NpyArray => ({ shape: [values.length], data: values });

/** Ids as integers where they are, else as what they are. */
function ids(values: readonly Id[]): NpyArray {
  if (values.every((id) => Number.isInteger(id) && Math.abs(id as number) < 2 ** 31))
    return integers(values as readonly number[]);
  return values.every((id) => typeof id === 'number') ? floats(values) : texts(values.map(String));
}

/**
 * An accumulated evaluation as an .npz file for numpy.load: `precision`, `recall`, `scores`, `counts`, `stats` if summarized, and the
 * params `iouType imgIds catIds iouThrs recThrs maxDets areaRng areaRngLbl useCats`.
 * @throws CocoError before accumulate()
 */
export const saveEval = (evaluation: COCOeval): Uint8Array => joinParts(evalParts(evaluation));

/** The same in pieces, for a file. */
export function evalParts(evaluation: COCOeval): Uint8Array[] {
  const { eval: result, stats } = evaluation;
  if (result === null) throw new CocoError('Please run accumulate() first', 'Exception');
  const { params, counts, precision, recall, scores } = result;
  const [T, R, K, A, M] = counts;
  return npzParts({
    precision: { shape: [T, R, K, A, M], data: precision },
    recall: { shape: [T, K, A, M], data: recall },
    scores: { shape: [T, R, K, A, M], data: scores },
    counts: integers(counts),
    stats: floats(stats),
    iouType: { shape: [], data: [params.iouType] },
    imgIds: ids(params.imgIds),
    catIds: ids(params.catIds),
    iouThrs: floats(params.iouThrs),
    recThrs: floats(params.recThrs),
    maxDets: integers(params.maxDets),
    areaRng: {
      shape: [params.areaRng.length, 2],
      data: Float64Array.from(params.areaRng.flatMap((range) => [...range])),
    },
    areaRngLbl: texts(params.areaRngLbl),
    useCats: { shape: [], data: Int32Array.of(Number(params.useCats)) },
  });
}
