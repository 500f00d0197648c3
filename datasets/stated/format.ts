import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../engine/errors.js';
import type { Dataset } from '../dataset.js';
import type { CommonData, Open, SplitRequest } from '../formats/format.js';
import { type DataRoot, openRoot } from '../paths.js';
import type { Truth } from '../sample.js';
import { createVerifier } from '../verified.js';
import { collectWarnings, type WarningList } from '../warnings.js';
import type { StatedImage, StatedSet } from './image.js';
import { type ImageIndex, indexImages } from './images.js';
import { openBoxes, openInstances, openLabels, openPanoptic, openRegions } from './open.js';
import { chooseSplit, type Parts } from './splits.js';

/** What a reader of stated images works with. */
export interface Reading<Data> {
  readonly data: Data;
  readonly root: DataRoot;
  /** Folder of the images, absolute: `data.images`, or the root. */
  readonly folder: string;
  readonly images: ImageIndex;
  readonly warnings: WarningList;
}

/** How a format that states images is read: where its parts lie, and what they state. */
export interface StatedFormat<Data extends CommonData> {
  /** Folder of the images below the root, if there is one of that name. */
  readonly imageFolder?: string;
  /** The places of the layout. */
  readonly parts: (reading: Reading<Data>) => Promise<Parts>;
  /** The places that a text of a config names; null where it names none. */
  readonly resolve: (name: string, reading: Reading<Data>) => Promise<readonly string[] | null>;
  /** What the annotations of places state. */
  readonly read: (places: readonly string[], reading: Reading<Data>) => Promise<StatedSet>;
  /** Narrows the images of a split further. */
  readonly narrow?: (
    images: readonly StatedImage[],
    reading: Reading<Data>,
    request: SplitRequest,
  ) => readonly StatedImage[];
}

/** Readers of boxes, of objects with their regions, and of class maps drawn from polygons, for a format that states images. */
export function statedReaders<Data extends CommonData & { readonly images?: string | null }>(
  format: StatedFormat<Data>,
): {
  readonly boxes: Open<Data, 'boxes'>;
  readonly instances: Open<Data, 'instances'>;
  readonly classMap: Open<Data, 'classMap'>;
} {
  return {
    boxes: (data, request) => open(format, data, request, openBoxes),
    instances: (data, request) => open(format, data, request, openInstances),
    classMap: (data, request) => open(format, data, request, openRegions),
  };
}

/** A reader of the classes of whole images, for a format whose images state objects that have a class and nothing else. */
export const statedLabels =
  <Data extends CommonData & { readonly images?: string | null }>(format: StatedFormat<Data>): Open<Data, 'labels'> =>
  (data, request) =>
    open(format, data, request, openLabels);

/** A reader of segments, for a format whose images have label images of them. */
export const statedPanoptic =
  <Data extends CommonData & { readonly images?: string | null }>(format: StatedFormat<Data>): Open<Data, 'panoptic'> =>
  (data, request) =>
    open(format, data, request, openPanoptic);

async function open<Data extends CommonData & { readonly images?: string | null }, T extends Truth>(
  format: StatedFormat<Data>,
  data: Data,
  request: SplitRequest,
  build: (
    set: StatedSet,
    chosen: readonly StatedImage[],
    options: Parameters<typeof openBoxes>[2],
  ) => Promise<Dataset<T>>,
): Promise<Dataset<T> | null> {
  const root = await openRoot(data.root);
  const folder = data.images == null ? await ownFolder(root, format.imageFolder) : resolve(root.path, data.images);
  const images = await indexImages(folder);
  const warnings = collectWarnings();
  const reading: Reading<Data> = { data, root, folder, images, warnings };
  let set: StatedSet | null = null;
  const chosen = await chooseSplit(root, data, request.split, {
    parts: await format.parts(reading),
    resolve: (name) => format.resolve(name, reading),
    read: async (places) => {
      const found = await format.read(places, reading);
      set = found;
      return found.images.map((image) => new StatedCandidate(image));
    },
  });
  if (chosen === null) return null;
  const whole = set as StatedSet | null;
  if (whole === null) throw new ConfigError(`data.${request.split}: no annotation was read`);
  if (chosen.note !== null) warnings.say('split', chosen.note);
  const stated = chosen.items.map(({ image }) => image);
  const narrowed = format.narrow?.(stated, reading, request) ?? stated;
  const verifier = createVerifier(folder);
  try {
    return await build(whole, narrowed, { ...pick(data), root, images, folder, request, warnings, verifier });
  } finally {
    verifier.keep();
  }
}

/** A class, since a million of them are small only without functions of their own. */
class StatedCandidate {
  readonly id: string;
  readonly image: StatedImage;

  constructor(image: StatedImage) {
    this.id = image.name.replaceAll('\\', '/');
    this.image = image;
  }

  get classes() {
    return this.image.objects.map(({ name }) => name);
  }
}

async function ownFolder(root: DataRoot, name: string | undefined): Promise<string> {
  if (name === undefined) return root.path;
  const found = await stat(join(root.path, name)).catch(() => null);
  return found?.isDirectory() ? join(root.path, name) : root.path;
}

const pick = ({ badRecords, links, classes, mode }: CommonData) => ({ badRecords, links, classes, mode });

/** A path that a config names: absolute, or from the root; outside of it only what the user wrote may lie. */
export const configPath = (root: DataRoot, path: string): string => resolve(root.path, path.replaceAll('\\', '/'));
