import type { Id } from '../annotation.js';
import type { Matrix } from '../mask/index.js';
import { type Cells, toCells } from './cells.js';
import { type EvalImage, matchCell } from './matching.js';
import { orderByScore } from './numeric.js';
import type { Params } from './params.js';
import type { Rows } from './rows.js';
import { oksVariances, rowIou, rowOks } from './similarity.js';

/** Matchings and similarities of single cells, made when asked for. */
export interface CellReader {
  similarity(image: Id, category: Id): Matrix;
  similarities(): Map<string, Matrix>;
  match(image: Id, category: Id, range: readonly number[], limit: number): EvalImage | null;
  all(): (EvalImage | null)[];
}

const cellCategories = (params: Params): readonly Id[] => (Number(params.useCats) === 1 ? params.catIds : [-1]);

/** What is read: all rows of both sides. */
interface CellInput {
  readonly params: Params;
  readonly gt: Rows;
  readonly dt: Rows;
}

export function cellReader({ params, gt: gtRows, dt: dtRows }: CellInput): CellReader {
  const gt = toCells(gtRows, params);
  const dt = toCells(dtRows, params);
  const pooled = Number(params.useCats) !== 1;
  const largest = params.maxDets[params.maxDets.length - 1] ?? 0;
  const imageIndex = new Map(params.imgIds.map((id, index) => [id, index]));
  const categoryIndex = new Map(cellCategories(params).map((id, index) => [id, index]));
  const variances = params.iouType === 'keypoints' ? oksVariances(params.kpt_oks_sigmas) : null;
  let known: Map<string, Matrix> | null = null;
  // Size ranges of a cell are asked for one after another.
  let last: { readonly key: string; readonly matrix: Matrix } | null = null;

  const rowsOf = (cells: Cells, image: Id, category: Id): number[] => {
    const i = imageIndex.get(image);
    const k = pooled ? 0 : categoryIndex.get(category);
    if (i === undefined || k === undefined) return [];
    const cell = k * params.imgIds.length + i;
    return Array.from(cells.order.subarray(cells.start[cell], cells.start[cell + 1]));
  };
  const ranked = (detections: readonly number[], limit: number): number[] =>
    Array.from(orderByScore(detections.map((r) => dtRows.score[r]!)), (i) => detections[i]!).slice(0, limit);

  const similarity = (image: Id, category: Id): Matrix => {
    // pycocotools looks keypoints up under category -1 when categories are pooled, where there are none.
    const absent = pooled && variances !== null;
    const truths = absent ? [] : rowsOf(gt, image, category);
    const detections = absent ? [] : ranked(rowsOf(dt, image, category), largest);
    const data = new Float64Array(detections.length * truths.length);
    let p = 0;
    for (const d of detections)
      for (const g of truths)
        data[p++] = variances ? rowOks(dtRows, d, gtRows, g, variances) : rowIou(dtRows, d, gtRows, g);
    return { data, shape: [detections.length, truths.length] };
  };

  const match = (image: Id, category: Id, range: readonly number[], limit: number): EvalImage | null => {
    const truths = rowsOf(gt, image, category);
    const found = rowsOf(dt, image, category);
    if (truths.length === 0 && found.length === 0) return null;
    const [low, high] = range as [number, number];
    const outside = (area: number): number => (area < low || area > high ? 1 : 0);
    const ignored = truths.map((r) => (gtRows.ignore[r] ? 1 : outside(gtRows.area[r]!)));
    const counted = [...truths.keys()].sort((i, j) => ignored[i]! - ignored[j]!);
    const detections = ranked(found, limit);
    const G = truths.length;
    const key = `${image},${category}`;
    if (last?.key !== key) last = { key, matrix: known?.get(key) ?? similarity(image, category) };
    const all = last.matrix;
    const ious =
      all.data.length === 0
        ? null
        : Float64Array.from({ length: detections.length * G }, (_, i) => all.data[i - (i % G) + counted[i % G]!]!);
    const gtMarks = counted.map((i) => gtRows.id[truths[i]!]!);
    const dtMarks = detections.map((r) => dtRows.id[r]!);
    const gtIds = gtRows.names === null ? gtMarks : counted.map((i) => gtRows.names![truths[i]!]!);
    const dtIds = dtRows.names === null ? dtMarks : detections.map((r) => dtRows.names![r]!);
    const gtIgnore = Uint8Array.from(counted, (i) => ignored[i]!);
    const matches = matchCell(
      { ids: dtMarks, outside: Uint8Array.from(detections, (r) => outside(dtRows.area[r]!)) },
      { ids: gtMarks, ignore: gtIgnore, crowd: Uint8Array.from(counted, (i) => gtRows.crowd[truths[i]!]!) },
      ious,
      params.iouThrs,
    );
    const dtScores = Float64Array.from(detections, (r) => dtRows.score[r]!);
    return {
      image_id: image,
      category_id: category,
      aRng: range,
      maxDet: limit,
      dtIds,
      gtIds,
      dtScores,
      gtIgnore,
      ...matches,
    };
  };

  return {
    similarity,
    match,
    similarities() {
      known ??= new Map(
        params.imgIds.flatMap((image) =>
          cellCategories(params).map((category) => [`${image},${category}`, similarity(image, category)] as const),
        ),
      );
      return known;
    },
    all() {
      return cellCategories(params).flatMap((category) =>
        params.areaRng.flatMap((range) => params.imgIds.map((image) => match(image, category, range, largest))),
      );
    },
  };
}
