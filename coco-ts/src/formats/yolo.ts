import { CocoError } from '../errors.js';
import { shown } from '../shown.js';
import { boundsOf, type ImageRecord } from './record.js';

/** What a line of a YOLO label file states, in fractions of the image. */
export interface YoloLine {
  /** Number of the class. */
  readonly label: number;
  readonly kind: 'box' | 'polygon';
  /** cx cy w h of a box, x0 y0 x1 y1 ... of a polygon. */
  readonly values: readonly number[];
}

/**
 * `class cx cy w h`, perhaps with a confidence, or `class x0 y0 x1 y1 x2 y2 ...`; null: it is neither.
 * @param keypoints numbers of keypoints that stand behind each box, left out. Defaults to 0
 */
export function parseYolo(line: string, keypoints = 0): YoloLine | null {
  const [label = Number.NaN, ...values] = line
    .trim()
    .split(/[\s,]+/)
    .map(Number);
  if (!Number.isInteger(label) || label < 0 || !values.every(Number.isFinite)) return null;
  const isPose = keypoints > 0 && values.length === 4 + keypoints;
  if (isPose || values.length === 4 || values.length === 5) return { label, kind: 'box', values: values.slice(0, 4) };
  return values.length >= 6 && values.length % 2 === 0 ? { label, kind: 'polygon', values } : null;
}

/**
 * Reads one YOLO label file: `class cx cy w h` or `class x0 y0 x1 y1 ...` per line, in fractions of the image.
 * @param names of the classes by number
 * @throws CocoError naming the line that is neither, or whose class has no name
 */
export function readYolo(
  text: string,
  file: string,
  size: { width: number; height: number },
  names: readonly string[],
): ImageRecord {
  const { width, height } = size;
  const objects = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const wrong = (what: string): CocoError =>
      new CocoError(`${shown(file)}, line ${index + 1}: ${what}`, 'ValueError');
    const parsed = parseYolo(line);
    if (parsed === null) {
      const [label = '', ...rest] = line.trim().split(/[\s,]+/);
      throw wrong(
        `a class and 4 numbers of a box or pairs of a polygon are needed, not ${shown(label)} and ${rest.length} more`,
      );
    }
    const { label, kind, values } = parsed;
    const name = names[label];
    if (name === undefined) throw wrong(`class ${shown(label)} is not among the ${names.length} names`);
    if (kind === 'box') {
      const [cx, cy, w, h] = values as readonly [number, number, number, number];
      return [{ name, bbox: [(cx - w / 2) * width, (cy - h / 2) * height, w * width, h * height] }];
    }
    const polygon = values.map((value, i) => value * (i % 2 === 0 ? width : height));
    return [{ name, bbox: boundsOf(polygon), polygons: [polygon] }];
  });
  return { file, width, height, objects };
}

/**
 * Writes one YOLO label file; polygons when asked for, of an object with several the first.
 * @param names of the classes by number, or their numbers by name, which is quicker for many
 * @throws CocoError for an image without a size, and for a class that is not among the names
 */
export function writeYolo(
  record: ImageRecord,
  names: readonly string[] | ReadonlyMap<string, number>,
  polygons = false,
): string {
  const { width, height, file } = record;
  if (!(width > 0 && height > 0))
    throw new CocoError(`${shown(file)} has no size, which fractions of it need`, 'ValueError');
  const short = (value: number): string => String(Number(value.toFixed(8)));
  return record.objects
    .map(({ name, bbox: [x, y, w, h], polygons: parts }) => {
      const label = 'indexOf' in names ? names.indexOf(name) : (names.get(name) ?? -1);
      if (label < 0)
        throw new CocoError(`${shown(file)}: the class ${shown(name)} is not among the names`, 'ValueError');
      const outline = polygons ? parts?.[0] : undefined;
      const values = outline
        ? outline.map((value, i) => value / (i % 2 === 0 ? width : height))
        : [(x! + w! / 2) / width, (y! + h! / 2) / height, w! / width, h! / height];
      return `${[label, ...values.map(short)].join(' ')}\n`;
    })
    .join('');
}
