/**
 * A data set format of one's own: `boxes.txt` beside the images, a line for each object: `image class x1 y1 x2 y2`, pixels.
 * In a config: `data: { module: ./lines-format.js, root: ../my-data, train: 0.8 }`.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { boxObject, commonKeys, defineFormat, statedReaders } from 'espalier/data';
import * as z from 'zod';

const config = z.strictObject({
  kind: z.literal('lines'),
  list: z.string().min(1).default('boxes.txt').describe('File with a line for each object'),
  ...commonKeys,
});

async function read(_places, { root, data }) {
  const file = join(root.path, data.list);
  const images = new Map();
  const bad = new Map();
  for (const line of (await readFile(file, 'utf8')).split('\n').filter((text) => text.trim() !== '')) {
    const [name, label, ...numbers] = line.split(' ');
    const box = numbers.map(Number);
    if (label === undefined || box.length !== 4 || !box.every(Number.isFinite)) {
      bad.set(line, 'no line of image, class and four numbers');
      continue;
    }
    const image = images.get(name) ?? {
      name,
      source: file,
      folder: root.path,
      size: null,
      unit: 'pixels',
      objects: [],
    };
    image.objects.push(boxObject(label, ...box));
    images.set(name, image);
  }
  return { images: [...images.values()], classes: null, file, bad };
}

export default defineFormat({
  kind: 'lines',
  title: 'Lines',
  tools: 'our own',
  layout: 'boxes.txt   image class x1 y1 x2 y2\na.png',
  config,
  readers: statedReaders({ parts: async () => ({ all: ['.'] }), resolve: async () => null, read }),
  recognise: async () => null, // it is named, not found
});
