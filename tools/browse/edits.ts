import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Entry } from '../../datasets/dataset.js';
import type { LabelMap } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { ConfigError } from '../../engine/errors.js';
import { readText } from '../../engine/files/read.js';
import { writeJson } from '../../engine/files/write.js';

/** Boxes of one image as they shall be: x1 y1 x2 y2 in pixels and a class index. */
export const editSchema = z.strictObject({
  index: z.int().min(0),
  boxes: z
    .array(
      z.strictObject({
        box: z.tuple([z.number(), z.number(), z.number(), z.number()]),
        label: z.int().min(0),
      }),
    )
    .max(10_000),
});
export type Edit = z.infer<typeof editSchema>;

/** What is read of a COCO file; the rest goes through as it is. */
const document = z.looseObject({
  images: z.array(z.looseObject({ id: z.number(), file_name: z.string(), width: z.number(), height: z.number() })),
  categories: z.array(z.looseObject({ id: z.number(), name: z.string() })),
  annotations: z.array(
    z.looseObject({ id: z.number(), image_id: z.number(), category_id: z.number(), bbox: z.array(z.number()) }),
  ),
});

/** Where corrections go. */
export interface Corrections {
  /** The file that is written: beside the annotations, never over them. */
  readonly file: string;
  /** @throws ConfigError for an image or a class that is not there; WriteError when the disk is full */
  save(edit: Edit): void;
}

/** Boxes within so many pixels are the same box: its other properties stay. */
const SAME = 0.51;
const MOST_BYTES = 2 ** 29;

/**
 * Corrections of a COCO file: the corrected file is begun from the one of earlier corrections, or from the original.
 *
 * @param original path of the annotations
 */
export function createCorrections(original: string, entries: readonly Entry[], { classes }: LabelMap): Corrections {
  const file = original.replace(/(\.json)?$/i, '.corrected.json');
  const refuse = (problem: string) => new ConfigError(`${file}: ${problem}`);
  const coco = document.parse(
    JSON.parse(readText(existsSync(file) ? file : original, { maxBytes: MOST_BYTES, refuse })),
  );
  const categoryOf = new Map(coco.categories.map(({ name, id }) => [name, id]));
  return {
    file,
    save: ({ index, boxes }) => {
      const entry = entries[index];
      const image = entry && coco.images.find(({ file_name }) => join('/', entry.id).endsWith(join('/', file_name)));
      if (!image) throw new ConfigError(`there is no image ${index} in ${original}`);
      const before = coco.annotations.filter(({ image_id }) => image_id === image.id);
      let next = coco.annotations.reduce((most, { id }) => Math.max(most, id), 0) + 1;
      const after = boxes.map(({ box, label }) => {
        const category = categoryOf.get(classes[label]?.name ?? '');
        if (category === undefined) throw new ConfigError(`there is no class ${label}: choose one of the data set`);
        const bbox = bboxOf(box, image);
        const same = before.find(
          (each) =>
            each.category_id === category && each.bbox.every((side, i) => Math.abs(side - valueAt(bbox, i)) < SAME),
        );
        return (
          same ?? {
            id: next++,
            image_id: image.id,
            category_id: category,
            bbox,
            area: valueAt(bbox, 2) * valueAt(bbox, 3),
            iscrowd: 0,
          }
        );
      });
      const crowds = before.filter((each) => each.iscrowd === 1 && !after.includes(each));
      const others = coco.annotations.filter(({ image_id }) => image_id !== image.id);
      coco.annotations = [...others, ...after, ...crowds];
      writeJson(file, coco);
    },
  };
}

/** x y width height inside the image. */
function bboxOf(
  [x1, y1, x2, y2]: Edit['boxes'][number]['box'],
  { width, height }: { width: number; height: number },
): number[] {
  const inside = (value: number, limit: number): number => Math.min(limit, Math.max(0, value));
  const [left, right] = [inside(Math.min(x1, x2), width), inside(Math.max(x1, x2), width)];
  const [top, bottom] = [inside(Math.min(y1, y2), height), inside(Math.max(y1, y2), height)];
  if (right - left < 1 || bottom - top < 1)
    throw new ConfigError('a box has less than a pixel inside the image: draw it larger');
  return [left, top, right - left, bottom - top];
}
