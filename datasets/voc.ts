import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { DataError } from '../engine/errors.js';
import { readStart } from '../engine/files/read.js';
import { admitBoxes, type StatedBox } from './boxes.js';
import { concurrently } from './concurrently.js';
import type { Dataset, Entry } from './dataset.js';
import { readTextFile } from './decode/header.js';
import { type ClassList, classIndices, classMapLabels, givenLabels, labelMap, requireClass } from './labels.js';
import { adviseValues } from './maskAdvice.js';
import { maskEntries } from './maskEntries.js';
import { type DataRoot, findInside, idOf, openRoot, resolveInside } from './paths.js';
import { datasetOf, requireSize } from './read.js';
import { type DetectionTruth, IGNORED, type SemanticTruth } from './sample.js';
import { surveyImage } from './survey.js';
import { parseVocXml, type VocAnnotation } from './vocXml.js';
import { collectWarnings } from './warnings.js';

export interface VocOptions<T extends 'detection' | 'segmentation' = 'detection' | 'segmentation'> {
  /** Folder that holds ImageSets, JPEGImages and Annotations or SegmentationClass. */
  readonly root: string;
  /** ImageSets/Main/<split>.txt, or ImageSets/Segmentation/<split>.txt. */
  readonly split: string;
  readonly task: T;
  /**
   * Class order, or the labels of the training split. Default for detection: the names in the split's annotations,
   * sorted; for segmentation, where position = mask value: the names in labelmap.txt, with 'background' before a single
   * one.
   */
  readonly classes?: ClassList;
}

const EXTENSIONS = ['.jpg', '.png', '.jpeg', '.JPG', '.JPEG', '.PNG', '.tif', '.tiff', '.webp'];
const AT_ONCE = 16;
/** Of the annotation of one image. */
const MAX_XML_BYTES = 2 ** 24;

/**
 * Opens one split of a PASCAL VOC data set. Boxes are 1-based and inclusive in the files; `difficult` objects are
 * ignored in training and evaluation; mask value 255 is ignored.
 *
 * @throws DataError naming the file: missing, damaged, of another size than stated, or with an unknown class
 */
export function openVoc(options: VocOptions<'detection'>): Promise<Dataset<DetectionTruth>>;
export function openVoc(options: VocOptions<'segmentation'>): Promise<Dataset<SemanticTruth>>;
export async function openVoc(options: VocOptions): Promise<Dataset<DetectionTruth> | Dataset<SemanticTruth>> {
  const root = await openRoot(options.root);
  return options.task === 'detection' ? openDetection(root, options) : openSegmentation(root, options);
}

async function openDetection(root: DataRoot, { split, classes }: VocOptions): Promise<Dataset<DetectionTruth>> {
  const { names, list } = await readSplit(root, 'Main', split);
  const warnings = collectWarnings();
  const read = await concurrently(names, AT_ONCE, async (name) => {
    const xml = await resolveInside(root, 'Annotations', `${name}.xml`, list);
    const refuse = (problem: string) => new DataError(xml, problem);
    const { bytes } = await readStart(xml, { maxBytes: MAX_XML_BYTES, refuse });
    const stated = parseVocXml(bytes, xml);
    const file = await findImage(root, name, list);
    const found = await surveyImage(file, idOf(root, file), warnings);
    if (stated.size !== null) requireSize(file, found, stated.size);
    return { xml, file, stated, width: found.width, height: found.height };
  });
  const labels =
    givenLabels(classes, 1) ??
    labelMap(
      namesIn(
        read.map(({ stated }) => stated),
        list,
      ),
      1,
    );
  const indices = classIndices(labels);
  const entries = read.map(({ xml, file, stated, width, height }): Entry<DetectionTruth> => {
    const boxes = stated.objects.map((object): StatedBox => {
      return {
        x1: object.xmin - 1,
        y1: object.ymin - 1,
        x2: object.xmax,
        y2: object.ymax,
        label: requireClass(indices, object.name, xml),
        ignored: object.difficult,
        area: null,
        degenerate: object.xmax <= object.xmin || object.ymax <= object.ymin,
      };
    });
    const truth = admitBoxes(boxes, { width, height }, { file: xml, id: idOf(root, xml) }, warnings);
    return { id: idOf(root, file), file, width, height, truth };
  });
  return datasetOf(labels, entries, warnings.list());
}

async function openSegmentation(root: DataRoot, { split, classes }: VocOptions): Promise<Dataset<SemanticTruth>> {
  const { names, list } = await readSplit(root, 'Segmentation', split);
  const labels = classMapLabels(classes ?? (await readLabelMap(root)));
  const known = labels.classes.map(({ name }) => name);
  const values = [...labels.classes.map((_, i) => [i, i] as const), [IGNORED, IGNORED] as const];
  const pairs = await concurrently(names, AT_ONCE, async (name) => ({
    image: await findImage(root, name, list),
    mask: await resolveInside(root, 'SegmentationClass', `${name}.png`, list),
  }));
  const warnings = collectWarnings();
  const advise = (found: readonly number[]) => adviseValues('voc', found, known);
  const read = await maskEntries(root, pairs, { values, otherValues: 'error', advise }, warnings);
  return datasetOf(labels, read.entries, warnings.list(), read.values);
}

async function readSplit(root: DataRoot, kind: string, split: string): Promise<{ names: string[]; list: string }> {
  const list = await findInside(root, `ImageSets/${kind}`, `${split}.txt`, root.path);
  if (list === null) {
    const present = await readdir(`${root.path}/ImageSets/${kind}`).catch(() => [] as string[]);
    const known = present.filter((name) => name.endsWith('.txt')).map((name) => basename(name, '.txt'));
    const hint = known.length === 0 ? 'the folder has no lists' : `there are ${known.slice(0, 8).join(', ')}`;
    throw new DataError(`${root.path}/ImageSets/${kind}/${split}.txt`, `there is no such split: ${hint}`);
  }
  const lines = (await readTextFile(list)).split(/\r?\n/);
  const names = lines.map((line) => line.trim().split(/\s+/)[0] as string).filter((name) => name !== '');
  if (names.length === 0) throw new DataError(list, 'the split names no image');
  const repeated =
    names.length === new Set(names).size ? undefined : names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) throw new DataError(list, `'${repeated}' is listed twice`);
  return { names, list };
}

async function findImage(root: DataRoot, name: string, list: string): Promise<string> {
  for (const extension of EXTENSIONS) {
    const file = await findInside(root, 'JPEGImages', name + extension, list);
    if (file !== null) return file;
  }
  return resolveInside(root, 'JPEGImages', `${name}.jpg`, list);
}

function namesIn(annotations: readonly VocAnnotation[], list: string): string[] {
  const names = new Set(annotations.flatMap(({ objects }) => objects.map(({ name }) => name)));
  if (names.size === 0) throw new DataError(list, 'no object in the whole split: give the classes');
  return [...names].sort();
}

/** Lines `name:r,g,b:parts:actions`, in the order of the mask values. */
async function readLabelMap(root: DataRoot): Promise<string[]> {
  const file = await findInside(root, '', 'labelmap.txt', root.path);
  if (file === null) {
    throw new DataError(
      `${root.path}/SegmentationClass`,
      `masks do not name their classes: give classes in the order of the mask values, first that of 0, or put labelmap.txt into ${dirname(`${root.path}/labelmap.txt`)}`,
    );
  }
  const lines = (await readTextFile(file)).split(/\r?\n/);
  return lines
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => line.split(':')[0] as string);
}
