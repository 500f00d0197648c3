import { basename, join } from 'node:path';
import { DataError } from '../../engine/errors.js';
import { type BadRecord, badRecord, type WarningList } from '../warnings.js';
import { keyOf, numberOf, readLists, sizeOf, textOf } from './coco.js';
import type { StatedImage, StatedObject, StatedSet } from './image.js';
import { isObject } from './json.js';

/** The folder of the label images that a JSON file of segments is about: beside it, of its name. */
const pictureFolder = (file: string): string => file.replace(/\.json(\.gz)?$/i, '');

/**
 * Reads COCO panoptic files: images, categories that say `isthing`, and of each image the segments that its label image holds.
 *
 * @throws DataError for what is no such file
 */
export async function readPanoptic(files: readonly string[], warnings: WarningList): Promise<StatedSet> {
  const images: StatedImage[] = [];
  const classes = new Map<string, { readonly id: number; readonly name: string; readonly isStuff?: true }>();
  const bad = new Map<string, BadRecord>();
  for (const file of files) {
    const lists = await readLists(file);
    const names = new Map<string, string>();
    for (const { id, name, isthing } of lists.categories ?? []) {
      const written = textOf(name) ?? `category ${keyOf(id)}`;
      names.set(keyOf(id), written);
      if (classes.has(written)) continue;
      const number = numberOf(id) ?? classes.size + 1;
      classes.set(written, { id: number, name: written, ...(numberOf(isthing) === 0 && { isStuff: true as const }) });
    }
    const byImage = new Map(lists.annotations.map((annotation) => [keyOf(annotation.image_id), annotation]));
    for (const image of lists.images) {
      const name = textOf(image.file_name) ?? `image ${keyOf(image.id)} (which has no file_name)`;
      const annotation = byImage.get(keyOf(image.id));
      const picture = textOf(annotation?.file_name);
      if (picture === null || !Array.isArray(annotation?.segments_info)) {
        bad.set(name, badRecord(new DataError(file, `it has no segments of ${name}`)));
        continue;
      }
      images.push({
        name,
        source: file,
        folder: null,
        size: sizeOf(image),
        unit: 'pixels',
        objects: annotation.segments_info.flatMap((written) => segmentOf(written, names, name, warnings)),
        picture: join(pictureFolder(file), basename(picture)),
      });
    }
  }
  const [file = ''] = files;
  return { images, classes: [...classes.values()], file, bad };
}

function segmentOf(
  written: unknown,
  names: ReadonlyMap<string, string>,
  image: string,
  warnings: WarningList,
): StatedObject[] {
  const { id, category_id, bbox, area, iscrowd } = isObject(written) ? written : {};
  const [segment, name] = [numberOf(id), names.get(keyOf(category_id))];
  if (segment === null || name === undefined) {
    warnings.note('unknown-category', image);
    return [];
  }
  const sides = Array.isArray(bbox) && bbox.length === 4 ? bbox.map(numberOf) : [];
  const [x, y, width, height] = sides.every((side) => side !== null) ? (sides as number[]) : [];
  const box =
    x === undefined || y === undefined || width === undefined || height === undefined
      ? null
      : ([x, y, x + width, y + height] as const);
  return [{ name, box, segmentation: null, ignored: numberOf(iscrowd) === 1, area: numberOf(area), segment }];
}
