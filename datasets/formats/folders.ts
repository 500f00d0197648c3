import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { DataError } from '../../engine/errors.js';
import type { DataRoot } from '../paths.js';
import { type Reading, statedLabels } from '../stated/format.js';
import type { StatedImage, StatedSet } from '../stated/image.js';
import { isImageName, listFiles } from '../stated/images.js';
import type { Parts } from '../stated/splits.js';
import { commonKeys, defineFormat } from './format.js';

const config = z.strictObject({ kind: z.literal('folders'), ...commonKeys });
type FoldersData = z.infer<typeof config>;

/** Names of the folders of parts, whole: a class may be called `test tube`. */
const PARTS = {
  train: /^(train|training)$/i,
  val: /^(val|valid|validation|dev)$/i,
  test: /^(test|testing)$/i,
} as const;
/** Folders that are no classes: what images and annotations are kept in. */
const NO_CLASS =
  /^(images?|imgs?|jpegimages|photos?|pictures?|frames?|rgb|depth|masks?|labels?|annotations?|annots?|gt|ground[-_ ]?truths?|segmentations?|segmentation(class|object)|imagesets?|main|data)$/i;
/** Folders around the data that are looked through. */
const MOST_WRAPPERS = 3;

/** The first folder of a path; '': it has none. */
const topOf = (path: string): string => path.slice(0, Math.max(0, path.indexOf('/')));
const below = (paths: readonly string[], folder: string): readonly string[] =>
  folder === ''
    ? paths
    : paths.flatMap((path) => (path.startsWith(`${folder}/`) ? [path.slice(folder.length + 1)] : []));
const joined = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** Folders of classes, each with the paths of its images below it. */
function classFolders(paths: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const classes = new Map<string, string[]>();
  for (const path of paths) {
    const name = topOf(path);
    if (name === '') continue;
    const images = classes.get(name);
    if (images === undefined) classes.set(name, [path]);
    else images.push(path);
  }
  return classes;
}

/** Where folders of classes lie: below folders of parts, or all in one. */
function partsOf(paths: readonly string[]): Parts {
  let base = '';
  for (let depth = 0; depth <= MOST_WRAPPERS; depth++) {
    const inside = below(paths, base);
    const tops = [...classFolders(inside).keys()];
    const parts: { -readonly [K in keyof Parts]?: Parts[K] } = {};
    for (const part of ['train', 'val', 'test'] as const) {
      const found = tops.filter((top) => PARTS[part].test(top) && classFolders(below(inside, top)).size > 0);
      if (found.length > 0) parts[part] = found.map((top) => joined(base, top));
    }
    if (parts.train !== undefined) return { ...parts, all: Object.values(parts).flat() };
    const [only] = tops;
    const isWrapper = tops.length === 1 && inside.every((path) => path.split('/').length > 2);
    if (!isWrapper || only === undefined) break;
    base = joined(base, only);
  }
  return { all: [base] };
}

/** Folders without a file are classes, too: of which there is nothing to learn yet. */
async function emptyFolders(root: DataRoot, place: string): Promise<readonly string[]> {
  const folder = join(root.path, place);
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.flatMap((entry) => (entry.isDirectory() && !entry.name.startsWith('.') ? [entry.name] : []));
  const files = await Promise.all(names.map((name) => listFiles(join(folder, name))));
  return names.filter((name, i) => files[i]?.length === 0 && !NO_CLASS.test(name));
}

async function read(places: readonly string[], { root, images, warnings }: Reading<FoldersData>): Promise<StatedSet> {
  const stated: StatedImage[] = [];
  const names = new Set<string>();
  for (const place of places) {
    const paths = below(images.paths, place);
    for (const path of paths) if (topOf(path) === '') warnings.note('no-class', joined(place, path));
    for (const [name, members] of classFolders(paths)) {
      names.add(name);
      for (const path of members) stated.push(imageOf(joined(place, path), name, root.path));
    }
    for (const name of await emptyFolders(root, place)) names.add(name);
  }
  if (stated.length === 0) {
    throw new DataError(root.path, 'holds no folder of images, and a folder is a class: see espalier formats');
  }
  // As PyTorch's ImageFolder counts them, so that its weights fit.
  const classes = [...names].sort().map((name, i) => ({ id: i + 1, name }));
  return { images: stated.sort((a, b) => (a.name < b.name ? -1 : 1)), classes, file: root.path };
}

const imageOf = (path: string, name: string, source: string): StatedImage => ({
  name: path,
  source,
  folder: null,
  size: null,
  unit: 'pixels',
  objects: [{ name, box: null, segmentation: null, ignored: false, area: null }],
});

/** A folder of images for each class: classification only. */
export const folders = defineFormat({
  kind: 'folders',
  title: 'Class folders',
  tools: "ImageNet, PyTorch's ImageFolder, Keras, fast.ai, Kaggle, Roboflow, Teachable Machine",
  layout: `train/cat/a.jpg    or   cat/a.jpg
train/dog/b.jpg         dog/b.jpg
val/cat/c.jpg`,
  config,
  readers: {
    labels: statedLabels<FoldersData>({
      parts: async ({ images }) => partsOf(images.paths),
      resolve: async (name, { images }) => {
        const folder = name.replaceAll('\\', '/').replace(/^\.?\/|\/$/g, '');
        return images.paths.some((path) => path.startsWith(`${folder}/`)) ? [folder] : null;
      },
      read,
    }),
  },
  recognise: async ({ paths }) => {
    const images = paths.filter(isImageName);
    const { train, all } = partsOf(images);
    const found = (train ?? all).map((place) => below(images, place));
    const classes = new Set(found.flatMap((inside) => [...classFolders(inside).keys()]));
    const inClasses = found.flat().filter((path) => path.includes('/')).length;
    const isEnough = classes.size >= (train === undefined ? 2 : 1) && inClasses * 5 >= found.flat().length * 4;
    if (!isEnough || [...classes].some((name) => NO_CLASS.test(name))) return null;
    return { keys: {}, name: train === undefined ? 'class folders' : 'class folders (ImageNet)', truth: 'labels' };
  },
});
