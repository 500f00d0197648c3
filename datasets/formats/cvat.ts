import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { mask as masks, readXml } from '#coco-ts';
import { DataError } from '../../engine/errors.js';
import { naturalOrder } from '../paths.js';
import type { Segmentation } from '../regions.js';
import { configPath, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject, StatedSet } from '../stated/image.js';
import { listFiles } from '../stated/images.js';
import { sizeIn } from '../stated/json.js';
import { boxObject, ellipseObject, polygonObject, rectangleObject } from '../stated/shapes.js';
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
const isCvat = (start: string): boolean => /<annotations[\s>]/.test(start) && /<(version|meta|image)[\s>]/.test(start);
/** Of a mask that is drawn into its image, pixels. */
const MAX_MASK_PIXELS = 2 ** 28;

interface Open {
  readonly name: string;
  readonly width: string;
  readonly height: string;
  readonly objects: StatedObject[];
}

async function readFile(file: string, isBeside: boolean, warnings: WarningList): Promise<StatedSet> {
  const images: StatedImage[] = [];
  const labels: string[] = [];
  let image: Open | null = null;
  const text = await readAnnotation(file);
  named(file, () =>
    readXml(text, 'annotation', {
      open: (path, attributes) => {
        const element = path.at(-1);
        if (path.length === 1 && element !== 'annotations')
          throw new DataError(file, `is a <${element}> file, CVAT's <annotations> is expected`);
        if (path.length === 2 && element === 'track')
          throw new DataError(file, 'holds tracks of a video: export "CVAT for images 1.1"');
        if (path.length === 2 && element === 'image') {
          const { name = '', width = '', height = '' } = attributes;
          image = { name, width, height, objects: [] };
        } else if (path.length === 3 && image !== null) addShape(image, element ?? '', attributes, warnings);
      },
      close: (path, text) => {
        if (path.at(-1) === 'name' && path.at(-2) === 'label' && text !== '') labels.push(text);
        if (path.length !== 2 || path[1] !== 'image' || image === null) return;
        const { name, width, height, objects } = image;
        images.push({
          name,
          source: file,
          folder: isBeside ? dirname(file) : null,
          size: sizeIn(width, height),
          unit: 'pixels',
          objects,
        });
        image = null;
      },
    }),
  );
  const classes = labels.length === 0 ? null : [...new Set(labels)].map((name, i) => ({ id: i + 1, name }));
  return { images, classes, file };
}

function addShape(image: Open, element: string, attributes: Attributes, warnings: WarningList): void {
  if (element === 'tag') return;
  const object = objectOf(image, element, attributes);
  if (object === null)
    warnings.note(attributes.label === undefined ? 'no-class' : 'unused-shape', basename(image.name));
  else image.objects.push(object);
}

/** Boxes, polygons, ellipses and brush masks; points, lines and skeletons are not used. */
function objectOf(image: Open, element: string, attributes: Attributes): StatedObject | null {
  const { label } = attributes;
  if (label === undefined) return null;
  const number = (key: string): number => Number(attributes[key] ?? Number.NaN);
  if (element === 'box') {
    const [x1, y1, x2, y2] = ['xtl', 'ytl', 'xbr', 'ybr'].map(number) as [number, number, number, number];
    const isTurned = number('rotation') > 0;
    return isTurned ? turned(label, [x1, y1, x2, y2], number('rotation')) : boxes(label, x1, y1, x2, y2);
  }
  if (element === 'polygon') return polygonObject(label, (attributes.points ?? '').split(/[;,]/).map(Number));
  if (element === 'ellipse') {
    const angle = ((number('rotation') || 0) * Math.PI) / 180;
    return ellipseObject(label, [number('cx'), number('cy')], [number('rx'), number('ry')], angle);
  }
  if (element !== 'mask') return null;
  const segmentation = brush(image, attributes);
  return segmentation === null ? null : { name: label, box: null, segmentation, ignored: false, area: null };
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
    const [x, y] = [(corners[2 * i] as number) - cx, (corners[2 * i + 1] as number) - cy];
    return [cx + x * Math.cos(angle) - y * Math.sin(angle), cy + x * Math.sin(angle) + y * Math.cos(angle)];
  });
  return polygonObject(label, points.flat());
}

/** Run lengths, row by row, of a window of the image. */
function brush(image: Open, attributes: Attributes): Segmentation | null {
  const size = sizeIn(image.width, image.height);
  const [left, top, width, height] = ['left', 'top', 'width', 'height'].map((key) => Number(attributes[key])) as [
    number,
    number,
    number,
    number,
  ];
  const isInside =
    size !== null &&
    left >= 0 &&
    top >= 0 &&
    width > 0 &&
    height > 0 &&
    left + width <= size.width &&
    top + height <= size.height;
  if (!isInside || size.width * size.height > MAX_MASK_PIXELS) return null;
  const window = new Uint8Array(width * height);
  let at = 0;
  for (const [i, count] of (attributes.rle ?? '').split(',').map(Number).entries()) {
    if (!Number.isInteger(count) || count < 0) return null;
    if (i % 2 === 1) window.fill(1, at, at + count);
    at += count;
  }
  const data = new Uint8Array(size.width * size.height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (window[y * width + x] === 1) data[(left + x) * size.height + top + y] = 1;
  }
  const { counts } = masks.encode({ data, height: size.height, width: size.width });
  return { size: [size.height, size.width], counts };
}

async function findCvat(root: string): Promise<string[]> {
  const files = (await listFiles(root)).filter(isXml).sort(naturalOrder);
  return files.slice(0, 200).filter((path) => isCvat(headOf(join(root, path))));
}

/** CVAT for images 1.1: an XML file for all images of a task. */
export const cvat = defineFormat({
  kind: 'cvat',
  title: 'CVAT for images 1.1',
  tools: 'CVAT (its masks as PNG, "Segmentation mask 1.1", are kind voc)',
  layout: `annotations.xml
images/a.jpg`,
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
