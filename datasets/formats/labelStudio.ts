import type { StatedImage, StatedObject } from '../stated/image.js';
import { isImageName } from '../stated/images.js';
import {
  isObject,
  type JsonObject,
  numberIn,
  numbersIn,
  objectsIn,
  readJsonList,
  sizeIn,
  textIn,
} from '../stated/json.js';
import { ellipseObject, polygonObject, rectangleObject } from '../stated/shapes.js';
import type { WarningList } from '../warnings.js';
import { filesFormat } from './files.js';

const LABELS = [
  'rectanglelabels',
  'polygonlabels',
  'ellipselabels',
  'brushlabels',
  'keypointlabels',
  'labels',
] as const;

/** A rectangle, polygon or ellipse of percent of the image's sides; null: another kind. */
function objectOf(name: string, value: JsonObject, size: StatedImage['size']): StatedObject | null {
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((key) => numberIn(value[key]) / 100) as [
    number,
    number,
    number,
    number,
  ];
  if (Array.isArray(value.points))
    return polygonObject(
      name,
      numbersIn(value.points).map((part) => part / 100),
    );
  if (value.radiusX !== undefined)
    return ellipseObject(name, [x, y], [numberIn(value.radiusX) / 100, numberIn(value.radiusY) / 100]);
  if (value.width === undefined) return null;
  const angle = ((numberIn(value.rotation ?? 0) || 0) * Math.PI) / 180;
  if (angle === 0 || size === null) return rectangleObject(name, x, y, x + width, y + height);
  // It turns about its first corner, clockwise, in pixels.
  const corners = [0, 0, width, 0, width, height, 0, height];
  const points = [0, 1, 2, 3].flatMap((i) => {
    const [dx, dy] = [(corners[2 * i] as number) * size.width, (corners[2 * i + 1] as number) * size.height];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [x + (dx * cos - dy * sin) / size.width, y + (dx * sin + dy * cos) / size.height];
  });
  return polygonObject(name, points);
}

/** The image of a task: what of its data looks like one. */
function imageOf(data: JsonObject): string | null {
  const texts = Object.values(data).flatMap((value) => (typeof value === 'string' ? [value] : []));
  return (
    textIn(data.image) ?? textIn(data.img) ?? texts.find((text) => isImageName(text.replace(/\?[^=]*$/, ''))) ?? null
  );
}

/** The regions of a task: of the export JSON below annotations, of JSON-MIN as they are. */
function regionsOf(task: JsonObject): readonly JsonObject[] {
  const answers = objectsIn(task.annotations ?? task.completions).filter((one) => one.was_cancelled !== true);
  if (answers.length > 0 || task.annotations !== undefined || task.completions !== undefined)
    return objectsIn(answers[0]?.result);
  const lists = Object.values(task).flatMap((value) => objectsIn(value));
  return lists.filter((one) => LABELS.some((key) => Array.isArray(one[key]))).map((one) => ({ ...one, value: one }));
}

function read(task: JsonObject, warnings: WarningList): FileImage | null {
  const name = imageOf(isObject(task.data) ? task.data : task);
  if (name === null) return null;
  let size: StatedImage['size'] = null;
  const objects = regionsOf(task).flatMap((region): StatedObject[] => {
    const value = isObject(region.value) ? region.value : {};
    size = sizeIn(region.original_width, region.original_height) ?? size;
    const key = LABELS.find((one) => Array.isArray(value[one]));
    const label = key === undefined ? null : textIn((value[key] as readonly unknown[])[0]);
    const object = label === null ? null : objectOf(label, value, size);
    if (object === null && key !== undefined) warnings.note(label === null ? 'no-class' : 'unused-shape', name);
    return object === null ? [] : [object];
  });
  return { name, size, unit: 'fractions', objects };
}
type FileImage = Omit<StatedImage, 'source' | 'folder'>;

/** Label Studio's own export: a JSON list of tasks, with regions in percent of the image. */
export const labelStudio = filesFormat({
  kind: 'label-studio',
  title: 'Label Studio JSON',
  tools: 'Label Studio (JSON, JSON-MIN; its COCO, VOC and YOLO are those kinds)',
  layout: `project-1.json
images/a.jpg   or   images/1f3a0b2c-a.jpg`,
  ending: /\.json$/i,
  isOne: (start) =>
    /^\uFEFF?\s*\[\s*\{/.test(start) &&
    /"(rectanglelabels|polygonlabels|ellipselabels|brushlabels)"\s*:|"lead_time"\s*:|"completions"\s*:/.test(start),
  read: async (file, warnings) => {
    const tasks = await readJsonList(file);
    return { images: tasks.flatMap((task) => read(task, warnings) ?? []), classes: null };
  },
});
