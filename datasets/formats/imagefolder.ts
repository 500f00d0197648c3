import { basename } from 'node:path';
import { isObject, jsonIn, numberIn, numbersIn, sizeIn, textIn } from '../stated/json.js';
import { boxObject } from '../stated/shapes.js';
import { linesOf, readAnnotation } from '../stated/text.js';
import { filesFormat } from './files.js';

/** Hugging Face's ImageFolder with metadata: a line of JSON an image, with boxes x, y, width, height and their categories. */
export const imagefolder = filesFormat({
  kind: 'imagefolder',
  title: "Hugging Face's ImageFolder",
  tools: 'Hugging Face datasets (metadata.jsonl)',
  layout: `train/metadata.jsonl
train/a.jpg`,
  ending: /(^|\/)metadata\.jsonl$/i,
  isOne: (start) => /"file_name"/.test(start) && /"objects"\s*:\s*\{/.test(start),
  read: async (file, warnings) => {
    const images = linesOf(await readAnnotation(file)).flatMap((line) => {
      const row = jsonIn(line, file);
      if (!isObject(row)) return [];
      const name = textIn(row.file_name) ?? '';
      const { bbox, category, categories, label, labels, category_id } = isObject(row.objects) ? row.objects : {};
      const written = [category, categories, label, labels, category_id].find(Array.isArray) ?? [];
      const objects = (Array.isArray(bbox) ? bbox : []).flatMap((box: unknown, i) => {
        const [x = Number.NaN, y = Number.NaN, w = Number.NaN, h = Number.NaN] = numbersIn(box);
        const value: unknown = written[i];
        const own = typeof value === 'number' ? `class ${numberIn(value)}` : textIn(value);
        if (own !== null) return [boxObject(own, x, y, x + w, y + h)];
        warnings.note('no-class', basename(name));
        return [];
      });
      return [{ name, size: sizeIn(row.width, row.height), unit: 'pixels', objects } as const];
    });
    return { images, classes: null };
  },
});
