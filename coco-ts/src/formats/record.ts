import type { Dataset, ImageInfo, InstanceAnnotation } from '../annotation.js';

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
  const categories = new Map(names.map((name, index) => [name, index + 1]));
  const images: ImageInfo[] = [];
  const annotations: InstanceAnnotation[] = [];
  for (const { file, width, height, objects } of records) {
    const image_id = images.length + 1;
    images.push({ id: image_id, file_name: file, width, height });
    for (const { name, bbox, polygons, difficult, crowd } of objects) {
      if (!categories.has(name)) categories.set(name, categories.size + 1);
      const area = polygons ? polygons.reduce((sum, polygon) => sum + polygonArea(polygon), 0) : bbox[2]! * bbox[3]!;
      annotations.push({
        id: annotations.length + 1,
        image_id,
        category_id: categories.get(name)!,
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

/** The records of a COCO data set. Annotations without a box and RLE masks are left without what the format cannot say. */
export function toRecords(dataset: Dataset): ImageRecord[] {
  const names = new Map((dataset.categories ?? []).map(({ id, name }) => [id, name ?? String(id)]));
  const byImage = new Map<unknown, InstanceAnnotation[]>();
  for (const ann of dataset.annotations ?? []) byImage.set(ann.image_id, [...(byImage.get(ann.image_id) ?? []), ann]);
  return (dataset.images ?? []).map((image) => ({
    file: image.file_name ?? `${image.id}.jpg`,
    width: image.width ?? 0,
    height: image.height ?? 0,
    objects: (byImage.get(image.id) ?? [])
      .filter((ann) => ann.bbox?.length === 4)
      .map((ann) => ({
        name: names.get(ann.category_id) ?? String(ann.category_id),
        bbox: ann.bbox!,
        crowd: Boolean(ann.iscrowd),
        difficult: Boolean(ann.difficult),
        ...(Array.isArray(ann.segmentation) &&
          ann.segmentation.length > 0 && { polygons: ann.segmentation as number[][] }),
      })),
  }));
}

/** Square pixels inside a simple polygon (shoelace formula). */
export function polygonArea(polygon: readonly number[]): number {
  let twice = 0;
  const n = polygon.length >> 1;
  for (let i = 0; i < n; i++) {
    const j = (i + 1) % n;
    twice += polygon[2 * i]! * polygon[2 * j + 1]! - polygon[2 * j]! * polygon[2 * i + 1]!;
  }
  return Math.abs(twice) / 2;
}

/** x, y, width, height around points. */
export function boundsOf(points: readonly number[]): [number, number, number, number] {
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  const [x, y] = [xs.reduce((a, b) => Math.min(a, b), Infinity), ys.reduce((a, b) => Math.min(a, b), Infinity)];
  return [x, y, xs.reduce((a, b) => Math.max(a, b), -Infinity) - x, ys.reduce((a, b) => Math.max(a, b), -Infinity) - y];
}
