import { readdir, realpath } from 'node:fs/promises';
import { mask as masks } from '#coco-ts';
import { valueAt } from '../../engine/checked.js';
import { ConfigError, DataError, EspalierError } from '../../engine/errors.js';
import { shownName } from '../../engine/printable.js';
import { admitBoxes, admitted, objectsOf, type StatedBox } from '../boxes.js';
import { concurrently } from '../concurrently.js';
import type { Dataset, Entry } from '../dataset.js';
import type { CommonData, SplitRequest } from '../formats/format.js';
import { BACKGROUND, classIndices } from '../labels.js';
import { backgroundOf, isOverlapping, labelsOfMode } from '../overlap.js';
import { collectEntries } from '../packedEntries.js';
import { contains, type DataRoot, idOf } from '../paths.js';
import { datasetOf, requireSize, type StoredTruth } from '../read.js';
import { type RegionsTruth, type Segmentation, toRle } from '../regions.js';
import {
  type DetectionTruth,
  IGNORED,
  type InstanceTruth,
  type LabelMap,
  type LabelTruth,
  type PanopticTruth,
  type SemanticTruth,
  type Truth,
} from '../sample.js';
import { surveyImage } from '../survey.js';
import type { Verifier } from '../verified.js';
import { type BadRecord, badRecord, badRecords, commonPitfall, type WarningList } from '../warnings.js';
import type { StatedImage, StatedObject, StatedSet } from './image.js';
import type { ImageIndex } from './images.js';
import { resolveLabels } from './labels.js';

const AT_ONCE = 8;

export interface OpenStated extends Pick<CommonData, 'badRecords' | 'links' | 'classes' | 'mode'> {
  readonly root: DataRoot;
  readonly images: ImageIndex;
  /** Folder of the images, absolute. */
  readonly folder: string;
  readonly request: SplitRequest;
  readonly warnings: WarningList;
  readonly verifier: Verifier;
}

/** One image that was found, with its objects in pixels. */
interface Surveyed {
  /** As the annotation writes it. */
  readonly name: string;
  readonly id: string;
  readonly file: string;
  readonly source: string;
  readonly width: number;
  readonly height: number;
  readonly objects: readonly StatedObject[];
}

/** Boxes of stated images. @throws DataError when not one image can be used, or with badRecords 'error' when one cannot */
export async function openBoxes(
  set: StatedSet,
  chosen: readonly StatedImage[],
  options: OpenStated,
): Promise<Dataset<DetectionTruth>> {
  const { labels, indexOf } = classesOf(set, 'boxes', options);
  const entryOf = (image: Surveyed): Entry<DetectionTruth> => {
    const { file, id, width, height, objects, source } = image;
    const stated = objects.flatMap((object): StatedBox[] => {
      const label = indexOf(object);
      const box = label === null ? null : (object.box ?? extentOf(object.segmentation));
      if (label === null) return [];
      if (box === null) {
        options.warnings.note('bad-box', id);
        return [];
      }
      const [x1, y1, x2, y2] = box;
      if (set.hasAreas && object.area === null) options.warnings.note('missing-area', id);
      return [{ x1, y1, x2, y2, label, ignored: object.ignored, area: object.area }];
    });
    return {
      id,
      file,
      width,
      height,
      truth: admitBoxes(stated, { width, height }, { file: source, id }, options.warnings),
    };
  };
  const entries = await openEntries(set, chosen, options, entryOf, collectEntries(options.root.path));
  return datasetOf<DetectionTruth>(labels, entries, options.warnings.list(), { source: set.file });
}

/** Boxes with the regions of stated images; an object without a region is neither learned nor counted, but where boxes alone will do. */
export async function openInstances(
  set: StatedSet,
  chosen: readonly StatedImage[],
  options: OpenStated,
): Promise<Dataset<InstanceTruth>> {
  const { labels, indexOf } = classesOf(set, 'instances', options);
  const { warnings, request } = options;
  const entries = await openEntries(set, chosen, options, (image): Entry<StoredTruth> => {
    const { file, id, width, height, objects, source } = image;
    const stated = objects.flatMap((object): (StatedBox & { readonly segmentation: Segmentation | null })[] => {
      const label = indexOf(object);
      if (label === null) return [];
      const isWrong = object.segmentation !== null && !fits(object.segmentation, image);
      const own = isWrong ? null : object.segmentation;
      const segmentation = own ?? (request.boxesAlone && object.box ? rectangleOf(object.box) : null);
      if (segmentation === null) warnings.note(isWrong ? 'bad-shape' : 'missing-mask', id);
      const box = object.box ?? extentOf(segmentation);
      if (box === null) return [];
      const [x1, y1, x2, y2] = box;
      const ignored = object.ignored || segmentation === null;
      return [{ x1, y1, x2, y2, label, ignored, area: object.area, segmentation }];
    });
    const kept = admitted(stated, { width, height }, { file: source, id }, warnings);
    const segmentations = kept.map(({ segmentation }) => segmentation);
    return { id, file, width, height, truth: { kind: 'object-regions', ...objectsOf(kept), segmentations } };
  });
  return datasetOf<InstanceTruth>(labels, entries, warnings.list(), { source: set.file });
}

/** Class maps of the polygons and run lengths of stated images; smaller regions lie on top of larger ones. */
export async function openRegions(
  set: StatedSet,
  chosen: readonly StatedImage[],
  options: OpenStated,
): Promise<Dataset<SemanticTruth>> {
  const { labels, indexOf } = classesOf(set, 'classMap', options);
  const background = backgroundOf(labels);
  const uncovered = background < 0 ? IGNORED : background;
  const overlaps = isOverlapping(labels);
  const entries = await openEntries(
    set,
    chosen,
    options,
    ({ objects, source: _, name: _name, ...image }): Entry<StoredTruth> => {
      const regions = objects
        .flatMap((object) => {
          const label = indexOf(object);
          if (label === null) return [];
          if (object.segmentation === null) {
            options.warnings.note('missing-segmentation', image.id);
            return [];
          }
          if (!fits(object.segmentation, image)) {
            options.warnings.note('bad-shape', image.id);
            return [];
          }
          return [{ label, segmentation: object.segmentation, size: object.area ?? areaOf(object) }];
        })
        .sort((a, b) => b.size - a.size)
        .map(({ label, segmentation }) => ({ label, segmentation }));
      const truth: RegionsTruth = { kind: 'regions', uncovered, regions, ...(overlaps && { overlaps }) };
      return { ...image, truth };
    },
  );
  const advice = background < 0 ? `add ${BACKGROUND} to data.classes` : 'check the annotations';
  return datasetOf<SemanticTruth>(labels, entries, options.warnings.list(), { source: set.file, advice });
}

/** Segments of stated images that have label images; those of classes that are left out have no class. */
export async function openPanoptic(
  set: StatedSet,
  chosen: readonly StatedImage[],
  options: OpenStated,
): Promise<Dataset<PanopticTruth>> {
  const { labels, indexOf } = classesOf(set, 'panoptic', options);
  const { warnings } = options;
  const pictures = new Map(chosen.map(({ name, picture }) => [name, picture]));
  const entries = await openEntries(set, chosen, options, ({ name, objects, source, ...image }): Entry<StoredTruth> => {
    const picture = pictures.get(name);
    if (picture === undefined) throw new DataError(source, `it names no label image of ${name}`);
    const stated = objects.map((object) => ({ ...object, label: indexOf(object) }));
    const things = stated.flatMap(({ label, box, segment, ignored, area }) => {
      if (label === null || labels.classes[label]?.isStuff) return [];
      if (box === null) {
        warnings.note('bad-box', image.id);
        return [];
      }
      const [x1, y1, x2, y2] = box;
      return [{ x1, y1, x2, y2, label, ignored, area, segment }];
    });
    const kept = admitted(things, image, { file: source, id: image.id }, warnings);
    const rows = new Map(kept.map(({ segment }, row) => [segment, row]));
    const segments = stated.map(({ label, segment }) => ({
      id: segment ?? 0,
      label: label ?? IGNORED,
      object: rows.get(segment) ?? null,
    }));
    return { ...image, truth: { kind: 'panoptic-file', ...objectsOf(kept), file: picture, segments } };
  });
  return datasetOf<PanopticTruth>(labels, entries, warnings.list(), { source: set.file });
}

/**
 * Classes of whole images: those of what each states. An image whose every class is left out is left out itself; one that
 * states none stays, without a class.
 */
export async function openLabels(
  set: StatedSet,
  chosen: readonly StatedImage[],
  options: OpenStated,
): Promise<Dataset<LabelTruth>> {
  const { labels, indexOf } = classesOf(set, 'labels', options);
  const known = new Map<string, number | null>();
  const labelOf = (object: StatedObject): number | null => {
    if (!known.has(object.name)) known.set(object.name, indexOf(object));
    return known.get(object.name) ?? null;
  };
  const kept = chosen.filter(({ objects }) => objects.length === 0 || objects.some((one) => labelOf(one) !== null));
  if (kept.length === 0 && chosen.length > 0) {
    throw new DataError(
      set.file,
      `not one of ${chosen.length} images is of the classes ${shortList(labels.classes.map(({ name }) => name))}: check data.classes and the spelling`,
    );
  }
  const entries = await openEntries(
    set,
    kept,
    options,
    ({ objects, source: _, name: _name, ...image }): Entry<StoredTruth> => {
      const found = new Set(objects.flatMap((object) => labelOf(object) ?? []));
      return { ...image, truth: { kind: 'labels', labels: Int32Array.from(found).sort() } };
    },
  );
  return datasetOf<LabelTruth>(labels, entries, options.warnings.list(), { source: set.file });
}

const MOST_NAMED = 5;
const shortList = (names: readonly string[]): string =>
  names.slice(0, MOST_NAMED).map(shownName).join(', ') +
  (names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '');

/** Run lengths are of the image's size. */
const fits = (
  segmentation: Segmentation,
  { width, height }: { readonly width: number; readonly height: number },
): boolean => !('size' in segmentation) || (segmentation.size[0] === height && segmentation.size[1] === width);

function classesOf(set: StatedSet, truth: Truth['kind'], { classes, mode, request, warnings }: OpenStated) {
  if (set.images.length === 0 && set.bad !== undefined && set.bad.size > 0) {
    const what = `not one of ${set.bad.size} records can be used: ${badRecords(set.bad)}`;
    throw new DataError(set.file, what, commonPitfall(set.bad));
  }
  const labels: LabelMap =
    request.labels ??
    labelsOfMode(resolveLabels(set, classes, truth, warnings), truth === 'classMap' ? mode : 'multiclass');
  const indices = classIndices(labels);
  const code = request.labels === undefined || classes.length > 0 ? 'other-class' : 'unknown-class';
  const indexOf = ({ name }: StatedObject): number | null => {
    const index = indices.get(name);
    if (index === undefined) warnings.note(code, name);
    return index ?? null;
  };
  return { labels, indexOf };
}

/** What gathers entries, and gives all of them in the end. */
interface Collector<E> {
  add(entry: E): void;
  finish(): readonly E[];
}

function collectPlain<E>(): Collector<E> {
  const entries: E[] = [];
  return { add: (entry) => entries.push(entry), finish: () => entries };
}

/** Images of a block, whose entries are gathered before the next one's are made. */
const BLOCK = 4096;

async function openEntries<E extends Entry<StoredTruth>>(
  set: StatedSet,
  chosen: readonly StatedImage[],
  options: OpenStated,
  entryOf: (image: Surveyed) => E,
  collector: Collector<E> = collectPlain<E>(),
): Promise<readonly E[]> {
  const { badRecords: policy, warnings } = options;
  const bad = new Map<string, BadRecord>(set.bad);
  const images = mergeRepeated(chosen, options);
  const seen = new Set<string>();
  const again: string[] = [];
  const open = async (image: StatedImage): Promise<E | null> => {
    try {
      return entryOf(await survey(image, options));
    } catch (error) {
      if (!(error instanceof EspalierError) || error instanceof ConfigError) throw error;
      bad.set(recordName(image, error, options), badRecord(error));
      return null;
    }
  };
  for (let from = 0; from < images.length; from += BLOCK) {
    for (const entry of await concurrently(images.slice(from, from + BLOCK), AT_ONCE, open)) {
      if (entry === null) continue;
      if (seen.has(entry.id)) again.push(entry.id);
      else collector.add(entry);
      seen.add(entry.id);
    }
  }
  const entries = collector.finish();
  if (bad.size > 0 && (policy === 'error' || entries.length === 0)) {
    const remedy = policy === 'error' ? ': correct them, or leave them out with badRecords: skip' : '';
    const which =
      entries.length === 0
        ? `not one of ${bad.size} records can`
        : `${bad.size} of ${images.length + (set.bad?.size ?? 0)} records cannot`;
    throw new DataError(set.file, `${which} be used: ${badRecords(bad)}${remedy}`, commonPitfall(bad));
  }
  if (entries.length === 0) throw new DataError(set.file, 'it names no image');
  const faults = policy === 'error' ? warnings.faults() : [];
  if (faults.length > 0) throw new DataError(set.file, `${faults.join('; ')} (badRecords: error)`);
  for (const [file, record] of bad) warnings.noteBad(file, record);
  for (const id of again) warnings.noteBad(id, { problem: 'another record names this image, too', pitfall: 27 }); // the first keeps it
  return entries;
}

function recordName(image: StatedImage, error: EspalierError, { root, folder }: OpenStated): string {
  if (!(error instanceof DataError)) return image.name;
  const isInside = contains(root.path, error.file) || contains(folder, error.file);
  return isInside ? idOf(root, error.file) : image.name;
}

async function survey(image: StatedImage, options: OpenStated): Promise<Surveyed> {
  const { root, images, folder, links, warnings, verifier } = options;
  const found = images.find(image.name, image.folder);
  if (found === null) {
    const alike = images.named(image.name);
    const what =
      alike.length === 0
        ? `no such image below ${folder}${await packedIn(folder)}`
        : `${alike.length} images of that name below ${folder} (${alike.slice(0, 3).join(', ')}): name their folder in data.images`;
    throw new DataError(image.name, `${what}, named by ${image.source}`, 27);
  }
  const { file, by } = found;
  if (links === 'inside' && !contains(root.real, await realpath(file))) {
    throw new DataError(file, `a link that leaves the data folder ${root.path}, which links: inside refuses`);
  }
  const id = idOf(root, file);
  if (by !== 'name') warnings.note(by, id);
  const { width, height } = await surveyImage(file, id, warnings, verifier);
  const objects =
    image.unit === 'fractions' ? image.objects.map((object) => scaled(object, width, height)) : image.objects;
  checkSize(image, objects, { file, id, width, height }, warnings);
  return { name: image.name, id, file, source: image.source, width, height, objects };
}

/** What to do where images may be in an archive that lies in their folder. */
async function packedIn(folder: string): Promise<string> {
  const names = await readdir(folder).catch(() => []);
  const archive = names.find((name) => /\.(zip|tar|tgz|tar\.gz|7z|rar)$/i.test(name));
  return archive === undefined ? '' : ` (unpack ${shownName(archive)} first?)`;
}

/** Checks a size; the boxes tell which is right where its sides are swapped. */
function checkSize(
  { size }: StatedImage,
  objects: readonly StatedObject[],
  found: { readonly file: string; readonly id: string; readonly width: number; readonly height: number },
  warnings: WarningList,
): void {
  if (size === null || (size.width === found.width && size.height === found.height)) return;
  const isTurned = size.width === found.height && size.height === found.width;
  const fits = objects.every(({ box }) => box === null || (box[2] <= found.width + 1 && box[3] <= found.height + 1));
  const wouldFit = objects.every(({ box }) => box === null || (box[2] <= size.width + 1 && box[3] <= size.height + 1));
  if (isTurned && fits && !(wouldFit && objects.length === 0)) warnings.note('swapped-size', found.id);
  else requireSize(found.file, found, size);
}

function scaled(object: StatedObject, width: number, height: number): StatedObject {
  const { box, segmentation } = object;
  return {
    ...object,
    box: box && [box[0] * width, box[1] * height, box[2] * width, box[3] * height],
    segmentation:
      segmentation === null || 'size' in segmentation
        ? segmentation
        : segmentation.map((polygon) => polygon.map((value, i) => value * (i % 2 === 0 ? width : height))),
  };
}

/** Images that several records name become one, with the objects of all. */
function mergeRepeated(chosen: readonly StatedImage[], { warnings }: OpenStated): StatedImage[] {
  const merged: StatedImage[] = [];
  const places = new Map<string | null, Map<string, number>>(); // by folder and name
  for (const image of chosen) {
    const { name, folder } = image;
    const inFolder = places.get(folder) ?? new Map<string, number>();
    places.set(folder, inFolder);
    const at = inFolder.get(name);
    if (at === undefined) inFolder.set(name, merged.push(image) - 1);
    else {
      const known = merged[at] as StatedImage;
      const { source, size, unit, picture } = known;
      const objects = [...known.objects, ...image.objects];
      warnings.note('repeated-image', name);
      merged[at] = { name, source, folder, size, unit, objects, ...(picture === undefined ? {} : { picture }) };
    }
  }
  return merged;
}

/** x1 y1 x2 y2 of polygons or run lengths; null where there is none. */
const rectangleOf = ([x1, y1, x2, y2]: NonNullable<StatedObject['box']>): Segmentation => [
  [x1, y1, x2, y1, x2, y2, x1, y2],
];

export function extentOf(segmentation: Segmentation | null): StatedObject['box'] {
  if (segmentation === null) return null;
  if ('size' in segmentation) {
    const [x = 0, y = 0, width = 0, height = 0] = masks.toBbox(toRle(segmentation));
    return width > 0 && height > 0 ? [x, y, x + width, y + height] : null;
  }
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const polygon of segmentation) {
    for (let i = 0; i + 1 < polygon.length; i += 2) {
      left = Math.min(left, valueAt(polygon, i));
      right = Math.max(right, valueAt(polygon, i));
      top = Math.min(top, valueAt(polygon, i + 1));
      bottom = Math.max(bottom, valueAt(polygon, i + 1));
    }
  }
  return left > right ? null : [left, top, right, bottom];
}

function areaOf({ box, segmentation }: StatedObject): number {
  const [x1, y1, x2, y2] = box ?? extentOf(segmentation) ?? [0, 0, 0, 0];
  return Math.abs((x2 - x1) * (y2 - y1));
}
