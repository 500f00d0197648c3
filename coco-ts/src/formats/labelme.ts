import { CocoError } from '../errors.js';
import { boundsOf, type ImageRecord } from './record.js';

interface Shape {
  label: string;
  points: number[][];
  shape_type?: string;
}

/** Reads one LabelMe file: its polygons and rectangles. */
export function readLabelMe(text: string, name: string): ImageRecord {
  const data = JSON.parse(text) as { imagePath?: string; imageWidth?: number; imageHeight?: number; shapes?: Shape[] };
  const { imageWidth: width, imageHeight: height, shapes = [] } = data;
  if (typeof width !== 'number' || typeof height !== 'number')
    throw new CocoError(`${name}: imageWidth and imageHeight must be numbers`, 'ValueError');
  const objects = shapes
    .filter(({ shape_type = 'polygon' }) => shape_type === 'polygon' || shape_type === 'rectangle')
    .map(({ label, points, shape_type = 'polygon' }) => {
      const flat = points.flat();
      const bbox = boundsOf(flat);
      return shape_type === 'rectangle' ? { name: label, bbox } : { name: label, bbox, polygons: [flat] };
    });
  return { file: data.imagePath ?? name.replace(/\.json$/, '.jpg'), width, height, objects };
}

/** Writes one LabelMe file; an object without polygons becomes a rectangle. */
export function writeLabelMe(record: ImageRecord): string {
  const pairs = (flat: readonly number[]): number[][] =>
    Array.from({ length: flat.length >> 1 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!]);
  const shapes = record.objects.flatMap(({ name: label, bbox: [x, y, w, h], polygons }, index) => {
    const shape = { label, group_id: (polygons?.length ?? 0) > 1 ? index : null, flags: {} };
    if (!polygons)
      return [
        {
          ...shape,
          shape_type: 'rectangle',
          points: [
            [x!, y!],
            [x! + w!, y! + h!],
          ],
        },
      ];
    return polygons.map((polygon) => ({ ...shape, shape_type: 'polygon', points: pairs(polygon) }));
  });
  const { file, width, height } = record;
  return `${JSON.stringify({ version: '5.0.0', flags: {}, shapes, imagePath: file, imageData: null, imageHeight: height, imageWidth: width })}\n`;
}
