import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { imageSize } from '../formats/imageSize.js';
import { readLabelMe, writeLabelMe } from '../formats/labelme.js';
import { type ImageRecord, toDataset, toRecords } from '../formats/record.js';
import { readVoc, writeVoc } from '../formats/voc.js';
import { readYolo, writeYolo } from '../formats/yolo.js';
import { ArgumentError, files, HELP } from './arguments.js';
import { writeDataset } from './output.js';

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
  if (values.help) {
    print(USAGE);
    return 0;
  }
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
  return { records: toRecords(dataset), names: (dataset.categories ?? []).map(({ id, name }) => name ?? String(id)) };
}

async function readFolder(
  kind: Exclude<Format, 'coco'>,
  folder: string,
  settings: Settings,
): Promise<{ records: ImageRecord[]; names: string[] }> {
  const extension = { voc: '.xml', yolo: '.txt', labelme: '.json' }[kind];
  const all = (await readdir(folder)).filter((name) => name.endsWith(extension) && name !== 'classes.txt').sort();
  const names = kind === 'yolo' ? await readNames(folder, settings.names) : [];
  const images = kind === 'yolo' ? await imagesByStem(settings.images ?? folder) : new Map<string, string>();
  const records: ImageRecord[] = [];
  for (const name of all) {
    const text = await readFile(join(folder, name), 'utf8');
    if (kind === 'voc') records.push(readVoc(text, name, settings));
    else if (kind === 'labelme') records.push(readLabelMe(text, name));
    else {
      const image = images.get(basename(name, '.txt'));
      if (image === undefined)
        throw new CocoError(`${name}: there is no image of that name, whose size its fractions need (--images)`);
      records.push(readYolo(text, basename(image), imageSize(await readFile(image), image), names));
    }
  }
  return { records, names };
}

async function readNames(folder: string, given: string | undefined): Promise<string[]> {
  for (const path of given
    ? [given]
    : [join(folder, 'classes.txt'), join(folder, 'obj.names'), join(dirname(folder), 'obj.names')]) {
    const text = await readFile(path, 'utf8').catch(() => null);
    if (text !== null) return text.trim().split(/\s*\n\s*/);
  }
  throw new CocoError(`${given ?? folder}: no file of class names, one a line (--names)`);
}

async function imagesByStem(folder: string): Promise<Map<string, string>> {
  const images = (await readdir(folder)).filter((name) => /\.(jpe?g|png|gif|bmp)$/i.test(name));
  return new Map(images.map((name) => [basename(name, extname(name)), join(folder, name)]));
}

async function writeFolder(
  kind: Exclude<Format, 'coco'>,
  folder: string,
  records: readonly ImageRecord[],
  names: readonly string[],
  settings: Settings,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const extension = { voc: '.xml', yolo: '.txt', labelme: '.json' }[kind];
  const classes =
    names.length > 0 ? names : [...new Set(records.flatMap((record) => record.objects.map(({ name }) => name)))];
  for (const record of records) {
    const text =
      kind === 'voc'
        ? writeVoc(record, settings)
        : kind === 'labelme'
          ? writeLabelMe(record)
          : writeYolo(record, classes, settings.polygons);
    // Only the last part of a name from the file is used, so that nothing is written outside the folder.
    await writeFile(join(folder, basename(record.file, extname(record.file)) + extension), text);
  }
  if (kind === 'yolo') await writeFile(join(folder, 'classes.txt'), `${classes.join('\n')}\n`);
}
