import * as z from 'zod';
import { commonKeys, defineFormat } from '../../../datasets/formats/format.js';
import { folderNamed, folderParts } from '../../../datasets/stated/folders.js';
import { statedReaders } from '../../../datasets/stated/format.js';
import { boxObject } from '../../../datasets/stated/shapes.js';

const config = z.strictObject({ kind: z.literal('toy'), ...commonKeys });

/** A data set format in one file: images that are named `class-x1-y1-x2-y2.png`. */
export const toy = defineFormat({
  kind: 'toy',
  title: 'Toy',
  tools: 'none',
  layout: 'cell-4-2-20-10.png',
  config,
  readers: statedReaders<z.infer<typeof config>>({
    parts: async ({ images }) => folderParts(images.paths),
    resolve: async (name, { images }) => folderNamed(images.paths, name),
    read: async (_places, { images, root }) => ({
      images: [...images.paths].sort().map((name) => {
        const [label = '', ...corners] = name.replace('.png', '').split('-');
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = corners.map(Number);
        const objects = [boxObject(label, x1, y1, x2, y2)];
        return { name, source: root.path, folder: null, size: null, unit: 'pixels', objects } as const;
      }),
      classes: null,
      file: root.path,
    }),
  }),
  recognise: async ({ paths }) =>
    paths.some((path) => /^\w+(-\d+){4}\.png$/.test(path)) ? { keys: {}, name: 'toy', truth: 'boxes' } : null,
});
