import { dirname, join } from 'node:path';
import { mask as masks } from '#coco-ts';
import { DataError, EspalierError } from '../../engine/errors.js';
import { concurrently } from '../concurrently.js';
import { decodeMask } from '../decode/decodeMask.js';
import type { CommonData } from '../formats/format.js';
import { folderNamed, folderParts, inFolders } from '../stated/folders.js';
import { type Reading, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject, StatedSet } from '../stated/image.js';
import { type BadRecord, badRecord, collectWarnings, type WarningList } from '../warnings.js';
import { type Pair, pairByNames, pairByPatterns } from './pairs.js';

const AT_ONCE = 4;
/** Objects of one image. */
const MOST = 10_000;

/** Where images and label images lie; without patterns they are found by the names of folders and files. */
interface LabelImages extends CommonData {
  readonly images: null;
  readonly patterns: readonly [images: string, masks: string] | null;
}

/** @param warnings told of what has no partner. Defaults to nobody */
const pairsOf = (
  { root, data }: Reading<LabelImages>,
  warnings: WarningList = collectWarnings(),
): Promise<readonly Pair[]> =>
  data.patterns === null ? pairByNames(root, warnings) : pairByPatterns(root, ...data.patterns, warnings);

/** Reads label images: every value but 0 is the number of an object, and all objects are of one class. */
export const { instances: openLabelImages } = statedReaders<LabelImages>({
  parts: async (reading) => folderParts((await pairsOf(reading)).map(({ id }) => id)),
  resolve: async (name, reading) =>
    folderNamed(
      (await pairsOf(reading)).map(({ id }) => id),
      name,
    ),
  read,
});

async function read(folders: readonly string[], reading: Reading<LabelImages>): Promise<StatedSet> {
  const { root, data } = reading;
  const pairs = await pairsOf(reading, reading.warnings);
  const wanted = new Set(
    inFolders(
      pairs.map(({ id }) => id),
      folders,
    ),
  );
  const bad = new Map<string, BadRecord>();
  const [only = 'object'] = data.classes.filter((name) => name !== 'background');
  const images = await concurrently(
    pairs.filter(({ id }) => wanted.has(id)),
    AT_ONCE,
    async ({ id, maskId }): Promise<StatedImage | null> => {
      const source = join(root.path, id);
      try {
        const objects = await objectsOf(join(root.path, maskId), only);
        return { name: id, source, folder: dirname(source), size: null, unit: 'pixels', objects };
      } catch (error) {
        if (!(error instanceof EspalierError)) throw error;
        bad.set(maskId, badRecord(error));
        return null;
      }
    },
  );
  return { images: images.filter((image) => image !== null), classes: [{ id: 1, name: only }], file: root.path, bad };
}

/** The objects of a label image, by ascending number. */
async function objectsOf(file: string, name: string): Promise<StatedObject[]> {
  const { data, width, height } = await decodeMask(file);
  const runs = new Map<number, { readonly counts: number[]; end: number; pixels: number }>();
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      const value = data[y * width + x]!;
      if (value === 0) continue;
      const at = x * height + y;
      const known = runs.get(value);
      if (known === undefined) {
        if (runs.size === MOST) throw new DataError(file, `more than ${MOST} objects: is it a photograph?`);
        runs.set(value, { counts: [at, 1], end: at + 1, pixels: 1 });
      } else {
        if (known.end === at) known.counts[known.counts.length - 1]!++;
        else known.counts.push(at - known.end, 1);
        known.end = at + 1;
        known.pixels++;
      }
    }
  }
  const size: [number, number] = [height, width];
  return [...runs]
    .sort(([a], [b]) => a - b)
    .map(([, { counts, end, pixels }]) => {
      const all = [...counts, width * height - end];
      const { counts: packed } = masks.frPyObjects({ size, counts: all }, height, width);
      return { name, box: null, segmentation: { size, counts: packed }, ignored: false, area: pixels };
    });
}
