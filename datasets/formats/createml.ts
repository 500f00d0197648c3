import { isObject, numberIn, objectsIn, readJsonList, textIn } from '../stated/json.js';
import { boxObject } from '../stated/shapes.js';
import { filesFormat } from './files.js';

/** Create ML: a JSON list of images with boxes about their centres. */
export const createml = filesFormat({
  kind: 'createml',
  title: 'Create ML',
  tools: 'Roboflow, RectLabel, IBM Cloud Annotations, Apple Create ML',
  layout: `train/_annotations.createml.json   or   annotations.json
train/a.jpg                             a.jpg`,
  ending: /\.json$/i,
  isOne: (start) =>
    /^\uFEFF?\s*\[\s*\{/.test(start) &&
    /"(image|imagefilename)"\s*:\s*"/.test(start) &&
    /"annotations?"\s*:\s*\[\s*(\]|\{[^{}[\]]*("coordinates"))/.test(start),
  read: async (file, warnings) => {
    const items = await readJsonList(file);
    const images = items.map((item) => {
      const name = textIn(item.image) ?? textIn(item.imagefilename) ?? '';
      const objects = objectsIn(item.annotations ?? item.annotation).flatMap(({ label, coordinates }) => {
        const { x, y, width, height } = isObject(coordinates) ? coordinates : {};
        const [cx, cy, w, h] = [numberIn(x), numberIn(y), numberIn(width), numberIn(height)];
        const text = textIn(label);
        if (text !== null) return [boxObject(text, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)];
        warnings.note('no-class', name);
        return [];
      });
      return { name, size: null, unit: 'pixels', objects } as const;
    });
    return { images, classes: null };
  },
});
