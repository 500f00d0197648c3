import type { ImageInfo, Segmentation } from '../annotation.js';
import { annotationRuns } from '../annotationMask.js';
import { CocoError } from '../errors.js';
import { parseJson } from '../json.js';
import { mergeRuns } from '../mask/overlap.js';
import { boxRuns, polygonRuns } from '../mask/polygon.js';
import { RunPool } from '../mask/pool.js';
import { addRuns, type Runs } from '../mask/runs.js';
import { shown } from '../shown.js';
import { type Kernels, kernels } from '../wasm/kernels.js';
import { readLists } from '../wasm/lists.js';
import { polygonAt } from '../wasm/masks.js';
import { readNumbers } from './annotations.js';
import { INCOMPLETE, readNumber, UNSCANNABLE } from './number.js';
import { wrongPoints } from './points.js';
import { type ByteSource, Window } from './source.js';
import { type AnnotationTable, enlarged, HAS, type Numbers, widened } from './table.js';

/**
 * Visits values whose places a table names, in file order and with one pass over the file.
 *
 * @param visit gets the window's bytes and the position of the value in them, and the module if it sees them too
 */
export function eachValue(
  source: ByteSource,
  rows: Iterable<number>,
  place: (row: number) => { begin: number; length: number },
  visit: (row: number, b: Uint8Array, p: number, length: number, module: Kernels | null) => void,
): void {
  let window: Window | null = null;
  for (const row of rows) {
    const { begin, length } = place(row);
    if (window === null || begin < window.base) window = new Window(source, begin);
    let at = begin - window.base;
    while (at + length > window.length) {
      if (at >= window.length) {
        window = new Window(source, begin);
        at = 0;
        if (length <= window.length) break;
      }
      if (!window.advance(at)) throw new CocoError('the file ends before the place its columns name');
      at = 0;
    }
    visit(row, window.bytes, at, length, window.shared ? kernels() : null);
  }
}

const numbers = new Float64Array(1);
let points = new Float64Array(256);

/** The masks of the given rows. @param imageOf the image of a row, for the size that polygons need */
export function readMasks(
  source: ByteSource,
  table: AnnotationTable,
  rows: readonly number[],
  imageOf: (row: number) => ImageInfo,
): RunPool {
  const pool = new RunPool(table.count);
  // loadRes gives a box without a mask its corners as polygon.
  const boxed = (row: number): boolean =>
    table.keepValues && (table.has[row]! & (HAS.segmentation | HAS.box)) === HAS.box;
  const inFile = rows.filter((row) => !boxed(row));
  if (inFile.length < rows.length) {
    for (const row of rows) {
      if (!boxed(row)) continue;
      const { height, width } = sizeOf(imageOf(row));
      pool.set(row, boxRuns(table.boxes.subarray(4 * row, 4 * row + 4), height, width));
    }
  }
  const place = (row: number) => {
    if (!(table.has[row]! & HAS.segmentation))
      throw new CocoError(`annotation ${table.id[row]} has no segmentation`, 'KeyError');
    return { begin: table.begin[row]! + table.segmentationAt[row]!, length: table.segmentationLength[row]! };
  };
  eachValue(source, inFile, place, (row, b, p, length, module) => {
    const polygons = b[p] === 91 ? readPolygons(b, p, imageOf(row), module) : null;
    if (polygons !== null) pool.set(row, polygons);
    else {
      const value = parseJson(new TextDecoder().decode(b.subarray(p, p + length))) as Segmentation;
      const image = imageOf(row);
      pool.set(
        row,
        annotationRuns({ image_id: image.id, segmentation: value }, () => image),
      );
    }
  });
  return pool;
}

function sizeOf(image: ImageInfo): { height: number; width: number } {
  const { id, height, width } = image;
  if (height === undefined || width === undefined)
    throw new CocoError(`image ${shown(id)} has no height and width, which its polygons need`, 'KeyError');
  return { height, width };
}

/** Polygons straight from the bytes; null for what is no list of lists of more than 4 numbers, which others report. */
function readPolygons(b: Uint8Array, p: number, image: ImageInfo, module: Kernels | null): Runs | null {
  const { height, width } = sizeOf(image);
  const parts: Runs[] = [];
  let total = 0;
  try {
    p++;
    for (;;) {
      while (b[p]! <= 32) p++;
      const quick = module && polygonAt(module, p, height, width);
      if (quick) {
        p = quick.end;
        parts.push(quick.runs);
      } else {
        let n = 0;
        p = readNumbers(b, p, (i, at) => {
          if (i === points.length) points = enlarged(points, 2 * i);
          n = i + 1;
          return readNumber(b, at, points, i);
        });
        if (n <= 4) return null;
        parts.push(polygonRuns(points.subarray(0, n), height, width));
      }
      total = addRuns(total, parts.at(-1)!.counts.length);
      while (b[p]! <= 32) p++;
      if (b[p] === 93) return parts.length === 1 ? parts[0]! : mergeRuns(parts);
      if (b[p] !== 44) return null;
      p++;
    }
  } catch (error) {
    if (error === UNSCANNABLE || error === INCOMPLETE) return null;
    throw error;
  }
}

/** The keypoint numbers of the given rows, `per` each. @throws CocoError when a row has another number of them */
export function readPoints(source: ByteSource, table: AnnotationTable, rows: readonly number[], per: number): Numbers {
  let out: Numbers = new Float32Array(table.count * per);
  const place = (row: number) => {
    if (!(table.has[row]! & HAS.keypoints))
      throw new CocoError(`annotation ${table.id[row]} has no keypoints`, 'KeyError');
    return { begin: table.begin[row]! + table.keypointsAt[row]!, length: table.keypointsLength[row]! };
  };
  const module = kernels();
  const read =
    module &&
    readLists(module, source, table, rows, per, (values, first) => {
      if (module.singleList(values.length) === 0) out = widened(out, out.length);
      const n = values.length / per;
      if (rows[first + n - 1]! - rows[first]! === n - 1) out.set(values, rows[first]! * per);
      else for (let i = 0; i < n; i++) out.set(values.subarray(i * per, (i + 1) * per), rows[first + i]! * per);
    });
  eachValue(source, rows.slice(read ?? 0), place, (row, b, p) => {
    let n = 0;
    const wide = widened(out, out.length);
    out = wide;
    readNumbers(b, p, (i, at) => {
      n = i + 1;
      return i < per ? readNumber(b, at, wide, row * per + i) : readNumber(b, at, numbers, 0);
    });
    if (n !== per) throw new CocoError(wrongPoints(table.id[row]!, n, per), 'ValueError');
  });
  return out;
}
