import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, sep } from 'node:path';
import { valueAt } from '../../engine/checked.js';
import { DataError, EspalierError } from '../../engine/errors.js';
import { concurrently } from '../concurrently.js';
import { naturalOrder } from '../paths.js';
import { type BadRecord, badRecord } from '../warnings.js';
import type { Reading } from './format.js';
import type { StatedImage, StatedObject, StatedSet } from './image.js';
import { type ImageIndex, indexFiles, isImageName, listFiles, stemOf } from './images.js';
import type { Parts } from './splits.js';
import { linesOf, readAnnotation } from './text.js';
import { parseVocXml, type VocAnnotation, type VocObject } from './vocXml.js';

const AT_ONCE = 16;
/** Largest annotation of one image. */
const MAX_XML_BYTES = 2 ** 24;
const LISTS = 'ImageSets/Main';
const PARTS = { train: /^train$/i, val: /^(val|valid|validation)$/i, test: /^test$/i } as const;
/** Lists and folders that hold all there is. */
const WHOLE = /^(trainval|default|all)$/i;

/** Whether a folder is the one of lists, in the root or below, as in VOCdevkit/VOC2012. */
const isIn = (folder: string, lists: string): boolean => folder === lists || folder.endsWith(`/${lists}`);

/** The parts of a VOC folder: lists in ImageSets/Main, or else the folders train, valid and test. */
export async function vocParts(root: string, isAnnotation: (path: string) => boolean, lists = LISTS): Promise<Parts> {
  const paths = (await listFiles(root)).sort(naturalOrder);
  const listed = paths.filter((path) => isIn(dirname(path), lists) && path.endsWith('.txt'));
  const folders = [...new Set(paths.filter(isAnnotation).map((path) => valueAt(path.split('/'), 0)))];
  const places = listed.length > 0 ? listed : folders;
  const named = (part: RegExp) => places.filter((place) => part.test(basename(place, '.txt')));
  const whole = listed.filter((place) => WHOLE.test(basename(place, '.txt')));
  const parts: { -readonly [K in keyof Parts]: Parts[K] } = { all: whole.length > 0 ? ofFirstName(whole) : [''] };
  for (const part of ['train', 'val', 'test'] as const) {
    const found = named(PARTS[part]);
    if (found.length > 0) parts[part] = found;
  }
  return parts;
}

/** Lists of one name, in every folder that has it. */
const ofFirstName = (lists: readonly string[]): readonly string[] =>
  lists.filter((list) => basename(list) === basename(lists[0] as string));

/** A list of ImageSets by its name, a list file, or a folder; null where there is none of that name. */
export async function vocPlaces(root: string, name: string, lists = LISTS): Promise<readonly string[] | null> {
  for (const place of [`${lists}/${name}.txt`, name]) {
    const found = await stat(join(root, place)).catch(() => null);
    if (found?.isDirectory() || (found?.isFile() && !isImageName(place))) return [place];
  }
  const deeper = (await listFiles(root)).filter(
    (path) => isIn(dirname(path), lists) && basename(path) === `${name}.txt`,
  );
  return deeper.length > 0 ? deeper.sort(naturalOrder) : null;
}

/** VOC annotations of lists and folders. Boxes are 1-based and inclusive in the files. */
export async function readVoc(places: readonly string[], reading: Reading<unknown>): Promise<StatedSet> {
  const { root, images } = reading;
  const files = (await listFiles(root.path)).filter((path) => /\.xml$/i.test(path)).sort(naturalOrder);
  const index = indexFiles(root.path, files);
  const bad = new Map<string, BadRecord>();
  const wanted: { readonly xml: string; readonly name: string | null }[] = [];
  for (const place of places) {
    if (!/\.txt$/i.test(place)) {
      const inside =
        place === '' || place === '.' ? files : files.filter((path) => path.startsWith(`${place.replace(/\/$/, '')}/`));
      wanted.push(...inside.map((path) => ({ xml: join(root.path, path), name: null })));
      noteUnannotated(place, inside, images, reading);
      continue;
    }
    const list = join(root.path, place);
    for (const line of new Set(linesOf(await readAnnotation(list)))) {
      const xml = findListed(line, index);
      if (xml === null) bad.set(line, { problem: `no annotation of that name, listed in ${place}`, pitfall: 27 });
      else wanted.push({ xml, name: line });
    }
  }
  const stated = await concurrently(wanted, AT_ONCE, async ({ xml }) => {
    try {
      return stateImage(parseVocXml(await readAnnotation(xml, MAX_XML_BYTES), xml), xml, reading);
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      bad.set(relative(root.path, xml).split(sep).join('/'), badRecord(error));
      return null;
    }
  });
  const file = places.length === 1 && places[0] !== '' ? join(root.path, valueAt(places, 0)) : root.path;
  if (wanted.length === 0 && bad.size === 0) throw new DataError(file, 'holds no VOC annotation (.xml)');
  return { images: stated.filter((image) => image !== null), classes: null, file, bad };
}

/** A line of a list is a name, perhaps with an ending, and perhaps with a class flag (-1, 0, 1) after it. */
function findListed(line: string, index: ImageIndex): string | null {
  for (const name of [line, line.replace(/\s+-?[01]$/, '')]) {
    const bare = isImageName(name) ? stemOf(name) : name;
    const found = index.find(`${bare}.xml`, null);
    if (found !== null) return found.file;
  }
  return null;
}

function stateImage(
  { filename, size, objects }: VocAnnotation,
  xml: string,
  { images, warnings }: Reading<unknown>,
): StatedImage {
  const folder = dirname(xml);
  const stem = stemOf(basename(xml));
  const name = images.find(stem, folder) === null && filename !== null ? filename : stem;
  const stated = objects.flatMap((object): StatedObject[] => {
    const { name: label, difficult, polygon } = object;
    if (label === null) {
      warnings.note('no-class', basename(xml));
      return [];
    }
    return [
      {
        name: label,
        box: boxOf(object),
        segmentation: polygon.length > 0 ? [polygon] : null,
        ignored: difficult,
        area: null,
      },
    ];
  });
  for (const { xmin, ymin, xmax, ymax } of objects) if (xmin > xmax || ymin > ymax) warnings.note('turned-box', name);
  return { name, source: xml, folder, size, unit: 'pixels', objects: stated };
}

/** 1-based and inclusive to pixels; a box whose ends are the same, as written, has no extent. */
function boxOf({ xmin, ymin, xmax, ymax }: VocObject): StatedObject['box'] {
  if (![xmin, ymin, xmax, ymax].every(Number.isFinite)) return null;
  const first = (a: number, b: number): number => Math.min(a, b) - (a === b ? 0 : 1);
  return [first(xmin, xmax), first(ymin, ymax), Math.max(xmin, xmax), Math.max(ymin, ymax)];
}

/** Images of a folder beside which there is no annotation are left out, and counted. */
function noteUnannotated(
  place: string,
  xmls: readonly string[],
  images: ImageIndex,
  { folder, root, warnings }: Reading<unknown>,
): void {
  const prefix = relative(folder, join(root.path, place)).split(sep).join('/');
  const stems = new Set(xmls.map((path) => stemOf(basename(path)).toLowerCase()));
  for (const path of images.paths) {
    const isInside = prefix === '' || prefix.startsWith('..') || path.startsWith(`${prefix}/`);
    if (isInside && !stems.has(stemOf(basename(path)).toLowerCase())) warnings.note('unannotated', path);
  }
}
