import type { Category, Dataset, Id, ImageInfo, InstanceAnnotation } from '../annotation.js';
import { need, valueAt } from '../checked.js';
import { CocoError } from '../errors.js';
import { shown } from '../shown.js';

/** One image and what is on it, the form every other format is turned into and made from. */
export interface ImageRecord {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly {
    readonly name: string;
    /** x, y, width, height in pixels. */
    readonly bbox: readonly number[];
    readonly polygons?: readonly (readonly number[])[];
    readonly difficult?: boolean;
    readonly crowd?: boolean;
  }[];
}

/** A COCO data set of the records; categories by first appearance after those of `names`. */
export function toDataset(records: readonly ImageRecord[], names: readonly string[] = []): Dataset {
  const categories = new Map<string, number>();
  for (const [index, name] of names.entries()) if (!categories.has(name)) categories.set(name, index + 1);
  let last = names.length;
  const images: ImageInfo[] = [];
  const annotations: InstanceAnnotation[] = [];
  for (const { file, width, height, objects } of records) {
    const image_id = images.length + 1;
    images.push({ id: image_id, file_name: file, width, height });
    for (const { name, bbox, polygons, difficult, crowd } of objects) {
      if (!categories.has(name)) categories.set(name, ++last);
      const area = polygons
        ? polygons.reduce((sum, polygon) => sum + polygonArea(polygon), 0)
        : valueAt(bbox, 2) * valueAt(bbox, 3);
      annotations.push({
        id: annotations.length + 1,
        image_id,
        category_id: need(categories, name),
        bbox: [...bbox],
        area,
        iscrowd: crowd ? 1 : 0,
        ...(polygons && { segmentation: polygons }),
        ...(difficult !== undefined && { difficult: difficult ? 1 : 0 }),
      });
    }
  }
  return { images, annotations, categories: [...categories].map(([name, id]) => ({ id, name })) };
}

/**
 * The records of a COCO data set. Annotations without a box and RLE masks are left without what the format cannot say.
 * @throws CocoError where a name, a size, a box or a polygon is not what it must be
 */
export function toRecords(dataset: Dataset): ImageRecord[] {
  const names = new Map((dataset.categories ?? []).map((category) => [category.id, categoryName(category)]));
  const byImage = new Map<unknown, InstanceAnnotation[]>();
  for (const ann of dataset.annotations ?? []) {
    const list = byImage.get(ann.image_id);
    if (list) list.push(ann);
    else byImage.set(ann.image_id, [ann]);
  }
  return (dataset.images ?? []).map(({ id, file_name = `${id}.jpg`, width = 0, height = 0 }) => {
    if (typeof file_name !== 'string')
      throw new CocoError(`image ${shown(id)}: file_name is ${shown(file_name)}, a text is needed`, 'TypeError');
    requireNumbers([width, height], `image ${shown(id)}: width and height`);
    return { file: file_name, width, height, objects: (byImage.get(id) ?? []).flatMap((ann) => objectOf(ann, names)) };
  });
}

function objectOf(ann: InstanceAnnotation, names: ReadonlyMap<Id, string>): ImageRecord['objects'] {
  const { bbox, segmentation, category_id, iscrowd, difficult } = ann;
  if (bbox?.length !== 4) return [];
  requireNumbers(bbox, `annotation ${shown(ann.id)}: bbox`);
  const polygons = Array.isArray(segmentation) && segmentation.length > 0 ? (segmentation as number[][]) : undefined;
  for (const polygon of polygons ?? []) requireNumbers(polygon, `annotation ${shown(ann.id)}: polygons`);
  return [
    {
      name: names.get(category_id) ?? shown(category_id),
      bbox,
      crowd: Boolean(iscrowd),
      difficult: Boolean(difficult),
      ...(polygons && { polygons }),
    },
  ];
}

/** What a category is called: its name, or else its id. */
export const categoryName = ({ id, name }: Category): string => (typeof name === 'string' ? name : shown(name ?? id));

/** The same by its id, also of one that is not in the file. */
export const nameOf = (categories: ReadonlyMap<Id, Category>, id: Id): string =>
  categoryName(categories.get(id) ?? { id });

function requireNumbers(values: unknown, what: string): void {
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'number'))
    throw new CocoError(`${what} must be numbers`, 'TypeError');
}

/** Square pixels inside a simple polygon (shoelace formula). */
export function polygonArea(polygon: readonly number[]): number {
  let twice = 0;
  const n = polygon.length >> 1;
  for (let i = 0; i < n; i++) {
    const j = (i + 1) % n;
    twice +=
      valueAt(polygon, 2 * i) * valueAt(polygon, 2 * j + 1) - valueAt(polygon, 2 * j) * valueAt(polygon, 2 * i + 1);
  }
  return Math.abs(twice) / 2;
}

/** x, y, width, height around points. */
export function boundsOf(points: readonly number[]): [number, number, number, number] {
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i + 1 < points.length; i += 2) {
    x0 = Math.min(x0, valueAt(points, i));
    x1 = Math.max(x1, valueAt(points, i));
    y0 = Math.min(y0, valueAt(points, i + 1));
    y1 = Math.max(y1, valueAt(points, i + 1));
  }
  return [x0, y0, x1 - x0, y1 - y0];
}
