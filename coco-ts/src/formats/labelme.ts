import { valueAt } from '../checked.js';
import { CocoError } from '../errors.js';
import { parseJson } from '../json.js';
import { shown } from '../shown.js';
import { boundsOf, type ImageRecord } from './record.js';

/** A shape of a LabelMe file. */
export interface LabelMeShape {
  readonly label: string;
  /** polygon, rectangle, circle, mask, point, line, linestrip, ... */
  readonly kind: string;
  /** x0 y0 x1 y1 ..., pixels. */
  readonly points: readonly number[];
}

/** A shape that has a name and points; null for another value. Numbers may be written as text. */
export function parseLabelMe(shape: unknown): LabelMeShape | null {
  const { label, points, shape_type } = (shape ?? {}) as { readonly [key: string]: unknown };
  const name = typeof label === 'number' ? String(label) : typeof label === 'string' ? label.trim() : '';
  const flat = Array.isArray(points) ? points.flat().map(numberIn) : [];
  if (name === '' || flat.length === 0 || flat.length % 2 !== 0 || !flat.every(Number.isFinite)) return null;
  return { label: name, kind: typeof shape_type === 'string' ? shape_type : 'polygon', points: flat };
}

function numberIn(value: unknown): number {
  if (typeof value === 'string' && value.trim() !== '') return Number(value);
  return typeof value === 'number' ? value : Number.NaN;
}

/** Reads one LabelMe file: its polygons and rectangles. @throws CocoError naming the file where it is none */
export function readLabelMe(text: string, name: string): ImageRecord {
  const wrong = (what: string): CocoError => new CocoError(`${shown(name)}: ${what}`, 'ValueError');
  const data = parseJson(text) as { [key in 'imagePath' | 'imageWidth' | 'imageHeight' | 'shapes']?: unknown } | null;
  if (typeof data !== 'object' || data === null)
    throw wrong('an object with imageWidth, imageHeight, shapes is needed');
  const { imageWidth: width, imageHeight: height, shapes = [], imagePath } = data;
  if (typeof width !== 'number' || typeof height !== 'number')
    throw wrong('imageWidth and imageHeight must be numbers');
  if (!Array.isArray(shapes)) throw wrong('shapes must be a list');
  const objects = (shapes as readonly ({ readonly shape_type?: unknown } | null)[]).flatMap((shape, index) => {
    const kind = shape?.shape_type ?? 'polygon';
    if (kind !== 'polygon' && kind !== 'rectangle') return [];
    const parsed = parseLabelMe(shape);
    if (parsed === null) throw wrong(`shape ${index} needs a label and points of two numbers`);
    const { label, points } = parsed;
    const bbox = boundsOf(points);
    return [kind === 'rectangle' ? { name: label, bbox } : { name: label, bbox, polygons: [points] }];
  });
  const file = typeof imagePath === 'string' ? imagePath : name.replace(/\.json$/, '.jpg');
  return { file, width, height, objects };
}

/** Writes one LabelMe file; an object without polygons becomes a rectangle. */
export function writeLabelMe(record: ImageRecord): string {
  const pairs = (flat: readonly number[]): number[][] =>
    Array.from({ length: flat.length >> 1 }, (_, i) => [valueAt(flat, 2 * i), valueAt(flat, 2 * i + 1)]);
  const shapes = record.objects.flatMap(({ name: label, bbox: [x = 0, y = 0, w = 0, h = 0], polygons }, index) => {
    const shape = { label, group_id: (polygons?.length ?? 0) > 1 ? index : null, flags: {} };
    if (!polygons)
      return [
        {
          ...shape,
          shape_type: 'rectangle',
          points: [
            [x, y],
            [x + w, y + h],
          ],
        },
      ];
    return polygons.map((polygon) => ({ ...shape, shape_type: 'polygon', points: pairs(polygon) }));
  });
  const { file, width, height } = record;
  return `${JSON.stringify({ version: '5.0.0', flags: {}, shapes, imagePath: file, imageData: null, imageHeight: height, imageWidth: width })}\n`;
}
