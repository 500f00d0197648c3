import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { readXml } from '#coco-ts';
import { mapTuple, valueAt } from '../../engine/checked.js';
import { DataError } from '../../engine/errors.js';
import { naturalOrder } from '../paths.js';
import { configPath, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject, StatedSet } from '../stated/image.js';
import { listFiles } from '../stated/images.js';
import { sizeIn } from '../stated/json.js';
import { boxObject, ellipseObject, isInside, polygonObject, rectangleObject, windowObject } from '../stated/shapes.js';
import { readAnnotation } from '../stated/text.js';
import { named } from '../stated/vocXml.js';
import type { WarningList } from '../warnings.js';
import { missingFile } from './check.js';
import { commonKeys, defineFormat } from './format.js';
import { headOf, partsByName } from './parts.js';

const config = z.strictObject({
  kind: z.literal('cvat'),
  ...commonKeys,
  images: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Folder of the images, relative to root; null: found below root'),
});
type CvatData = z.infer<typeof config>;

type Attributes = { readonly [name: string]: string };

const isXml = (name: string): boolean => /\.xml$/i.test(name);
const isCvat = (start: string): boolean =>
  /<annotations[\s>]/.test(start) && /<(version|meta|image|track)[\s>]/.test(start);

/** An image or frame whose element is open. */
interface Open {
  readonly name: string;
  readonly size: StatedImage['size'];
  readonly objects: StatedObject[];
}

/** The images of a task, or the frames of its video: what a track shows in a frame is an object of it. */
async function readFile(file: string, isBeside: boolean, warnings: WarningList): Promise<StatedSet> {
  const images = new Map<string, Open>();
  const labels: string[] = [];
  const sides: { width?: string; height?: string } = {};
  let image: Open | null = null;
  let track: string | null = null;
  const openImage = (name: string, size: StatedImage['size']): Open => {
    const known = images.get(name) ?? { name, size, objects: [] };
    images.set(name, known);
    return known;
  };
  const text = await readAnnotation(file);
  named(file, () =>
    readXml(text, 'annotation', {
      open: (path, attributes) => {
        const element = path.at(-1) ?? '';
        if (path.length === 1 && element !== 'annotations')
          throw new DataError(file, `is a <${element}> file, CVAT's <annotations> is expected`);
        if (path.length === 2) {
          const { name = '', width = '', height = '', label } = attributes;
          image = element === 'image' ? openImage(name, sizeIn(width, height)) : null;
          track = element === 'track' ? (label ?? '') : null;
        } else if (path.length === 3 && image !== null) addShape(image, element, attributes, warnings);
        else if (path.length === 3 && track !== null) {
          const frame = openImage(frameName(attributes.frame), sizeIn(sides.width, sides.height));
          if (attributes.outside !== '1') addShape(frame, element, { ...attributes, label: track }, warnings);
        }
      },
      close: (path, text) => {
        const element = path.at(-1);
        if (element === 'name' && path.at(-2) === 'label' && text !== '') labels.push(text);
        if (path.at(-2) === 'original_size' && (element === 'width' || element === 'height')) sides[element] = text;
      },
    }),
  );
  const classes = labels.length === 0 ? null : [...new Set(labels)].map((name, i) => ({ id: i + 1, name }));
  const stated = [...images.values()].map((one): StatedImage => {
    return { ...one, source: file, folder: isBeside ? dirname(file) : null, unit: 'pixels' };
  });
  return { images: stated, classes, file };
}

/** What CVAT calls the images of a video; their ending is that which they have. */
const frameName = (frame: string | undefined): string => `frame_${(frame ?? '').padStart(6, '0')}`;

function addShape(image: Open, element: string, attributes: Attributes, warnings: WarningList): void {
  if (element === 'tag') return;
  const label = attributes.label || null;
  const object = label === null ? null : objectOf(label, image.size, element, attributes);
  if (object === null) warnings.note(label === null ? 'no-class' : 'unused-shape', basename(image.name));
  else image.objects.push(object);
}

/** Boxes, polygons, ellipses and brush masks; points, lines and skeletons are not used. */
function objectOf(
  label: string,
  size: StatedImage['size'],
  element: string,
  attributes: Attributes,
): StatedObject | null {
  const number = (key: string): number => Number(attributes[key] ?? Number.NaN);
  if (element === 'box') {
    const [x1, y1, x2, y2] = mapTuple(['xtl', 'ytl', 'xbr', 'ybr'], number);
    const degrees = number('rotation') || 0;
    return degrees === 0 ? boxes(label, x1, y1, x2, y2) : turned(label, [x1, y1, x2, y2], degrees);
  }
  if (element === 'polygon') return polygonObject(label, (attributes.points ?? '').split(/[;,]/).map(Number));
  if (element === 'ellipse') {
    const angle = ((number('rotation') || 0) * Math.PI) / 180;
    return ellipseObject(label, [number('cx'), number('cy')], [number('rx'), number('ry')], angle);
  }
  return element === 'mask' ? brush(label, size, attributes) : null;
}

const boxes = (label: string, x1: number, y1: number, x2: number, y2: number): StatedObject =>
  [x1, y1, x2, y2].every(Number.isFinite) ? rectangleObject(label, x1, y1, x2, y2) : boxObject(label, x1, y1, x2, y2);

/** A box that is turned about its centre, clockwise, degrees. */
function turned(
  label: string,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  degrees: number,
): StatedObject | null {
  const [cx, cy, angle] = [(x1 + x2) / 2, (y1 + y2) / 2, (degrees * Math.PI) / 180];
  const corners = [x1, y1, x2, y1, x2, y2, x1, y2];
  const points = Array.from({ length: 4 }, (_, i) => {
    const [x, y] = [valueAt(corners, 2 * i) - cx, valueAt(corners, 2 * i + 1) - cy];
    return [cx + x * Math.cos(angle) - y * Math.sin(angle), cy + x * Math.sin(angle) + y * Math.cos(angle)];
  });
  return polygonObject(label, points.flat());
}

/** Run lengths, row by row, of a window of the image. */
function brush(name: string, size: StatedImage['size'], attributes: Attributes): StatedObject | null {
  const [left, top, width, height] = mapTuple(['left', 'top', 'width', 'height'], (key) => Number(attributes[key]));
  const window = { left, top, width, height };
  if (!isInside(window, size)) return null;
  const counts = (attributes.rle ?? '').split(',').map(Number);
  const isWhole = counts.reduce((sum, count) => sum + count, 0) === width * height;
  if (!isWhole || !counts.every((count) => Number.isInteger(count) && count >= 0)) return null;
  const pixels = new Uint8Array(width * height);
  let at = 0;
  for (const [i, count] of counts.entries()) {
    if (i % 2 === 1) pixels.fill(1, at, at + count);
    at += count;
  }
  return windowObject(name, window, size, pixels);
}

async function findCvat(root: string): Promise<string[]> {
  const files = (await listFiles(root)).filter(isXml).sort(naturalOrder);
  return files.slice(0, 200).filter((path) => isCvat(headOf(join(root, path))));
}

/** CVAT for images 1.1 and for video 1.1: an XML file for all images of a task. */
export const cvat = defineFormat({
  kind: 'cvat',
  title: 'CVAT for images 1.1, for video 1.1',
  tools: 'CVAT (its masks as PNG, "Segmentation mask 1.1", are kind voc)',
  layout: `annotations.xml   or   annotations.xml
images/a.jpg           images/frame_000000.png, as CVAT names the frames of a video`,
  config,
  readers: statedReaders<CvatData>({
    parts: async ({ root }) => partsByName(await findCvat(root.path)),
    resolve: async (name, { root }) => (isXml(name) ? [configPath(root, name)] : null),
    read: async (places, { root, data, warnings }) => {
      const sets: StatedSet[] = [];
      for (const place of places) sets.push(await readFile(configPath(root, place), data.images === null, warnings));
      if (sets.length === 0) throw new DataError(root.path, 'holds no XML file of CVAT');
      const names = new Set(sets.flatMap(({ classes }) => classes?.map(({ name }) => name) ?? []));
      const classes = names.size === 0 ? null : [...names].map((name, i) => ({ id: i + 1, name }));
      return { images: sets.flatMap(({ images }) => images), classes, file: sets[0]?.file ?? root.path };
    },
  }),
  recognise: async ({ paths, head }) => {
    for (const path of paths.filter(isXml).slice(0, 20)) {
      if (isCvat(await head(path))) return { keys: {}, name: 'CVAT for images', truth: 'boxes' };
    }
    return null;
  },
  check: (data) =>
    missingFile(data, (name) => (isXml(name) ? configPath({ path: data.root, real: data.root }, name) : null)),
});
