import { existsSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { extname, join, posix, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';
import { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { readFile } from '../files.js';
import { imageSize } from '../formats/imageSize.js';
import { readLabelMe, writeLabelMe } from '../formats/labelme.js';
import { outputNames } from '../formats/outputNames.js';
import { categoryName, type ImageRecord, toDataset, toRecords } from '../formats/record.js';
import { readVoc, writeVoc } from '../formats/voc.js';
import { readYolo, writeYolo } from '../formats/yolo.js';
import { toUtf8 } from '../input.js';
import { escaped, shown } from '../shown.js';
import { ArgumentError, files, HELP, help } from './arguments.js';
import { makeFolder, writeDataset, writeWhole } from './output.js';

const USAGE = `usage: coco-ts convert --from FORMAT --to FORMAT INPUT OUTPUT [options]
  FORMAT           coco (one file) or voc, yolo, labelme (a folder with one file per image)
  --images DIR     images of a YOLO folder, for their sizes (default: INPUT)
  --names FILE     class names of a YOLO folder, one a line (default: INPUT/classes.txt, obj.names)
  --inclusive      VOC boxes count pixels from 1 and include the last, as the devkit does
  --polygons       write YOLO polygons instead of boxes`;

const OPTIONS = {
  ...HELP,
  from: { type: 'string' },
  to: { type: 'string' },
  images: { type: 'string' },
  names: { type: 'string' },
  inclusive: { type: 'boolean', default: false },
  polygons: { type: 'boolean', default: false },
} as const;

const FORMATS = ['coco', 'voc', 'yolo', 'labelme'] as const;
type Format = (typeof FORMATS)[number];

interface Settings {
  readonly images: string | undefined;
  readonly names: string | undefined;
  readonly inclusive: boolean;
  readonly polygons: boolean;
}

/** `coco-ts convert` */
export async function convertCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help) return help(USAGE, print);
  const [from, to] = [format(values.from, 'from'), format(values.to, 'to')];
  const [input, output] = files(positionals, 2, USAGE) as [string, string];
  const settings: Settings = {
    images: values.images,
    names: values.names,
    inclusive: values.inclusive,
    polygons: values.polygons,
  };
  const { records, names } = from === 'coco' ? await readCoco(input) : await readFolder(from, input, settings);
  if (to === 'coco') await writeDataset(output, toDataset(records, names));
  else await writeFolder(to, output, records, names, settings);
  print(
    `${records.length} images, ${records.reduce((sum, record) => sum + record.objects.length, 0)} objects -> ${output}`,
  );
  return 0;
}

function format(value: string | undefined, name: string): Format {
  const found = FORMATS.find((one) => one === value);
  if (found === undefined) throw new ArgumentError(`--${name} ${value ?? 'is missing'}: ${FORMATS.join(', ')}`);
  return found;
}

async function readCoco(path: string): Promise<{ records: ImageRecord[]; names: string[] }> {
  const { dataset } = await COCO.load(path);
  return { records: toRecords(dataset), names: (dataset.categories ?? []).map(categoryName) };
}

const EXTENSIONS = { voc: '.xml', yolo: '.txt', labelme: '.json' } as const;
const CLASSES = 'classes.txt';
/** A label file of one image is no longer than this. */
const LONGEST_LABELS = 2 ** 26;
/** The size of an image stands within so many bytes. */
const LONGEST_HEAD = 2 ** 24;

const readLabels = (path: string): Uint8Array => readFile(path, { limit: LONGEST_LABELS });

const readText = (path: string): string => new TextDecoder().decode(toUtf8(readLabels(path), shown(path)));

async function readFolder(
  kind: Exclude<Format, 'coco'>,
  folder: string,
  settings: Settings,
): Promise<{ records: ImageRecord[]; names: string[] }> {
  const all = (await filesOf(folder)).filter((name) => name.endsWith(EXTENSIONS[kind]) && name !== CLASSES);
  const names = kind === 'yolo' ? readNames(folder, settings.names) : [];
  const images = kind === 'yolo' ? await imagesByStem(settings.images ?? folder) : new Map<string, string>();
  const records = all.map((name): ImageRecord => {
    if (kind === 'voc') return inFolder(readVoc(readLabels(join(folder, name)), name, settings), name);
    const text = readText(join(folder, name));
    if (kind === 'labelme') return inFolder(readLabelMe(text, name), name);
    const image = images.get(stemOf(name));
    if (image === undefined)
      throw new CocoError(`${shown(name)}: there is no image of that name, whose size its fractions need (--images)`);
    const path = join(settings.images ?? folder, image);
    return readYolo(text, image, imageSize(readFile(path, { most: LONGEST_HEAD }), path), names);
  });
  return { records, names };
}

/** A file names its image mostly without the folder that both are in. */
const inFolder = (record: ImageRecord, name: string): ImageRecord =>
  /[\\/]/.test(record.file) ? record : { ...record, file: posix.join(posix.dirname(name), record.file) };

/** Files in a folder and the folders in it, by name; links to folders are not followed. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

const stemOf = (name: string): string => name.slice(0, name.length - extname(name).length);

function readNames(folder: string, given: string | undefined): string[] {
  const places = given ? [given] : [join(folder, CLASSES), join(folder, 'obj.names'), join(folder, '../obj.names')];
  const path = places.find((place) => existsSync(place));
  if (path === undefined)
    throw new CocoError(`${shown(given ?? folder)}: no file of class names, one a line (--names)`);
  const lines = readText(path)
    .split('\n')
    .map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  return lines;
}

async function imagesByStem(folder: string): Promise<Map<string, string>> {
  const images = (await filesOf(folder)).filter((name) => /\.(jpe?g|png|gif|bmp)$/i.test(name));
  return new Map(images.map((name) => [stemOf(name), name]));
}

async function writeFolder(
  kind: Exclude<Format, 'coco'>,
  folder: string,
  records: readonly ImageRecord[],
  names: readonly string[],
  settings: Settings,
): Promise<void> {
  const classes =
    names.length > 0 ? names : [...new Set(records.flatMap((record) => record.objects.map(({ name }) => name)))];
  const files = outputNames(
    records.map(({ file }) => file),
    EXTENSIONS[kind],
    kind === 'yolo' ? [CLASSES] : [],
  );
  const index = new Map([...classes.entries()].reverse().map(([i, name]) => [name, i]));
  await makeFolder(folder);
  const makeFolders = await foldersIn(folder);
  for (const [i, record] of records.entries()) {
    const text =
      kind === 'voc'
        ? writeVoc(record, settings)
        : kind === 'labelme'
          ? writeLabelMe(record)
          : writeYolo(record, index, settings.polygons);
    const path = join(folder, files[i]!);
    await makeFolders(posix.dirname(files[i]!));
    await writeWhole(path, text, { replaceLink: true });
  }
  // One a line: no name may hold a line end.
  if (kind === 'yolo')
    await writeWhole(join(folder, CLASSES), `${classes.map(escaped).join('\n')}\n`, { replaceLink: true });
}

/** Makes folders within another, which throws a CocoError where a link leads out of it. */
async function foldersIn(folder: string): Promise<(path: string) => Promise<void>> {
  const root = await realpath(folder);
  const made = new Set(['.']);
  return async function make(path: string): Promise<void> {
    if (made.has(path)) return;
    await make(posix.dirname(path));
    const inner = join(root, path);
    await makeFolder(inner);
    if ((await realpath(inner)) !== inner)
      throw new CocoError(`${shown(join(folder, path))} is a link: nothing is written through it`);
    made.add(path);
  };
}
