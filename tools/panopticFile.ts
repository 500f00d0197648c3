import { basename, join, resolve } from 'node:path';
import type { PanopticImage } from '#coco-ts';
import type { ImagePrediction } from '../configs/network.js';
import { encodePng } from '../datasets/decode/index.js';
import { answerSegments } from '../datasets/evaluators/index.js';
import { coloursOfIds } from '../datasets/panoptic.js';
import type { LabelMap, Panoptic } from '../datasets/sample.js';
import { makeFolder, writeWhole } from '../engine/files/write.js';
import { freePlace } from './prediction.js';
import type { Shard } from './shards.js';

const REMEDY = 'choose another folder with --masks';

/**
 * Writes COCO panoptic: a label image for each image into a folder, and at the end beside it the JSON file of its name; of a shard of the images,
 * one that names the shard.
 *
 * @param part the shard, and how many images those before it have
 */
export function createPanopticWriter(
  folder: string,
  labels: LabelMap,
  part?: { readonly shard: Shard; readonly before: number },
) {
  const images: object[] = [];
  const annotations: object[] = [];
  return {
    /** @throws WriteError when the disk is full or the folder cannot be written */
    add: ({ file, image: { width, height }, result }: ImagePrediction): void => {
      const found = answerSegments(result as Panoptic, labels);
      const path = freePlace(file, folder);
      makeFolder(folder, REMEDY);
      writeWhole(path, [encodePng(coloursOfIds(found.ids as Int32Array, { width, height }))], REMEDY);
      const id = (part?.before ?? 0) + images.length + 1;
      images.push({ id, file_name: basename(file), width, height });
      annotations.push({ image_id: id, file_name: basename(path), segments_info: listSegments(found, width, labels) });
    },
    /** Nothing is written where nothing was added. @returns the file */
    finish: (): string | null => {
      if (images.length === 0) return null;
      const categories = labels.classes.map(({ id, name, isStuff }) => ({ id, name, isthing: isStuff ? 0 : 1 }));
      const shard = part && `-${part.shard.index}-of-${part.shard.count}`;
      const path = join(resolve(folder), '..', `${basename(resolve(folder))}${shard ?? ''}.json`);
      writeWhole(path, [new TextEncoder().encode(JSON.stringify({ images, annotations, categories }))], REMEDY);
      return path;
    },
  };
}

function listSegments({ ids, segments }: PanopticImage, width: number, { classes }: LabelMap): object[] {
  const extents = new Map(segments.map(({ id }) => [id, { area: 0, x1: width, y1: Infinity, x2: 0, y2: 0 }]));
  ids.forEach((id, at) => {
    const extent = extents.get(id);
    if (extent === undefined) return;
    const [x, y] = [at % width, Math.floor(at / width)];
    extent.area++;
    extent.x1 = Math.min(extent.x1, x);
    extent.x2 = Math.max(extent.x2, x + 1);
    extent.y1 = Math.min(extent.y1, y);
    extent.y2 = y + 1;
  });
  return segments.flatMap(({ id, category }) => {
    const extent = extents.get(id);
    if (extent === undefined) return [];
    const { area, x1, y1, x2, y2 } = extent;
    return [{ id, category_id: classes[category - 1]?.id, area, bbox: [x1, y1, x2 - x1, y2 - y1], iscrowd: 0 }];
  });
}
