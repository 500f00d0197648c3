import { DataError } from '../../engine/errors.js';
import { segmentationOf } from '../stated/coco.js';
import type { StatedObject } from '../stated/image.js';
import {
  isObject,
  type JsonObject,
  numberIn,
  numbersIn,
  objectsIn,
  readJsonObject,
  sizeIn,
  textIn,
} from '../stated/json.js';
import { boxObject, polygonObject } from '../stated/shapes.js';
import { filesFormat } from './files.js';

/** A box, polygon or mask; null: another kind, or one without a class. */
function objectOf(annotation: JsonObject, name: string): StatedObject | null {
  const ignored = isObject(annotation.attributes) && annotation.attributes.is_crowd === true;
  if (annotation.type === 'bbox') {
    const [x = Number.NaN, y = Number.NaN, w = Number.NaN, h = Number.NaN] = numbersIn(annotation.bbox);
    return { ...boxObject(name, x, y, x + w, y + h), ignored };
  }
  if (annotation.type === 'polygon') return polygonObject(name, numbersIn(annotation.points));
  if (annotation.type !== 'mask') return null;
  const segmentation = segmentationOf(annotation.rle);
  return segmentation ? { name, box: null, segmentation, ignored, area: null } : null;
}

/** Datumaro: a JSON file a subset, with its items and the categories that they number. */
export const datumaro = filesFormat({
  kind: 'datumaro',
  title: 'Datumaro',
  tools: 'CVAT, Datumaro, Intel Geti',
  layout: `annotations/train.json
images/train/a.jpg`,
  ending: /\.json$/i,
  isOne: (start) => /"categories"\s*:\s*\{/.test(start) && /"label"\s*:\s*\{\s*"labels"/.test(start),
  read: async (file, warnings) => {
    const { items, categories } = await readJsonObject(file);
    if (!Array.isArray(items)) throw new DataError(file, 'is no file of Datumaro: it has no list of items');
    const label = isObject(categories) && isObject(categories.label) ? categories.label : {};
    const names = objectsIn(label.labels).map((one, i) => textIn(one.name) ?? `label ${i}`);
    const images = objectsIn(items).map((item) => {
      const image = isObject(item.image) ? item.image : {};
      const name = textIn(image.path) ?? textIn(item.id) ?? '';
      const [height, width] = numbersIn(image.size);
      const objects = objectsIn(item.annotations).flatMap((annotation) => {
        const own = names[numberIn(annotation.label_id)];
        const object = own === undefined ? null : objectOf(annotation, own);
        if (object === null) warnings.note(own === undefined ? 'no-class' : 'unused-shape', name);
        return object === null ? [] : [object];
      });
      return { name, size: sizeIn(width, height), unit: 'pixels', objects } as const;
    });
    return { images, classes: names.map((name, id) => ({ id, name })) };
  },
});
