import { parseArgs } from 'node:util';
import type { Dataset } from '../annotation.js';
import { valueAt } from '../checked.js';
import { COCO } from '../coco.js';
import { diffDatasets, type FilterOptions, filterDataset, mergeDatasets, splitDataset } from '../edit.js';
import { escaped, shown, someOf } from '../shown.js';
import { toJson } from '../write.js';
import { ArgumentError, files, HELP, help, integer, real } from './arguments.js';
import { writeDataset } from './output.js';

type Print = (line: string) => void;

const load = async (path: string): Promise<Dataset> => (await COCO.load(path)).dataset;
const count = (dataset: Dataset): string =>
  `${dataset.images?.length ?? 0} images, ${dataset.annotations?.length ?? 0} annotations`;

const FILTER_USAGE = `usage: coco-ts filter INPUT OUTPUT [--categories A,B] [--images ID,ID] [--area LOW,HIGH] [--drop-empty] [--drop-crowds]`;

/** `coco-ts filter` */
export async function filterCommand(args: readonly string[], print: Print): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...HELP,
      categories: { type: 'string' },
      images: { type: 'string' },
      area: { type: 'string' },
      'drop-empty': { type: 'boolean', default: false },
      'drop-crowds': { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (values.help) return help(FILTER_USAGE, print);
  const [input, output] = files(positionals, 2, FILTER_USAGE) as [string, string];
  const area = values.area?.split(',').map((side) => real(side, 'area', 0, Number.MAX_VALUE));
  if (area && area.length !== 2) throw new ArgumentError('--area needs two numbers: LOW,HIGH');
  const options: FilterOptions = {
    dropEmpty: values['drop-empty'],
    dropCrowds: values['drop-crowds'],
    ...(values.categories !== undefined && { categories: values.categories.split(',') }),
    ...(values.images !== undefined && { images: values.images.split(',') }),
    ...(area && { area: area as [number, number] }),
  };
  const kept = filterDataset(await load(input), options);
  await writeDataset(output, kept);
  print(`${count(kept)} -> ${output}`);
  return 0;
}

const MERGE_USAGE = `usage: coco-ts merge INPUT INPUT ... OUTPUT [--prefix A,B,...]
  --prefix A,B,...   put before the file names of each input, where other pictures have the same names
categories are joined by name, images by file name; ids stay as they are where they are free`;

/** `coco-ts merge` */
export async function mergeCommand(args: readonly string[], print: Print): Promise<number> {
  const options = { ...HELP, prefix: { type: 'string', multiple: true } } as const;
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  if (values.help) return help(MERGE_USAGE, print);
  const output = positionals[positionals.length - 1];
  if (positionals.length < 3 || output === undefined)
    throw new ArgumentError('two inputs and an output are needed', MERGE_USAGE);
  const prefixes = values.prefix?.flatMap((prefix) => prefix.split(','));
  if (prefixes && prefixes.length !== positionals.length - 1)
    throw new ArgumentError(`--prefix names ${prefixes.length}, there are ${positionals.length - 1} inputs`);
  const datasets: Dataset[] = [];
  for (const path of positionals.slice(0, -1)) datasets.push(await load(path));
  const note = (sentence: string): void => console.error(`coco-ts merge: ${escaped(sentence)}`);
  const merged = mergeDatasets(datasets, { note, ...(prefixes && { prefixes }) });
  await writeDataset(output, merged);
  print(`${count(merged)} -> ${output}`);
  return 0;
}

const SPLIT_USAGE = 'usage: coco-ts split INPUT --fractions 0.8,0.2 OUTPUT OUTPUT ... [--seed N]';

/** `coco-ts split` */
export async function splitCommand(args: readonly string[], print: Print): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...HELP, fractions: { type: 'string', default: '0.8,0.2' }, seed: { type: 'string', default: '0' } },
    allowPositionals: true,
  });
  if (values.help) return help(SPLIT_USAGE, print);
  const fractions = values.fractions.split(',').map((fraction) => real(fraction, 'fractions', 0, 1));
  const [input, ...outputs] = files(positionals, fractions.length + 1, SPLIT_USAGE) as [string, ...string[]];
  const same = outputs.find((output, i) => outputs.indexOf(output) !== i);
  if (same !== undefined) throw new ArgumentError(`two parts would be written to ${shown(same)}`);
  const parts = splitDataset(await load(input), fractions, integer(values.seed, 'seed', 0, 2 ** 31 - 1));
  for (const [index, part] of parts.entries()) {
    await writeDataset(valueAt(outputs, index), part);
    print(`${count(part)} -> ${outputs[index]}`);
  }
  return 0;
}

const DIFF_USAGE = 'usage: coco-ts diff A B [--json]\nexit code 0: equal, 1: different';

/** `coco-ts diff` */
export async function diffCommand(args: readonly string[], print: Print): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { ...HELP, json: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help) return help(DIFF_USAGE, print);
  const [a, b] = files(positionals, 2, DIFF_USAGE) as [string, string];
  const diff = diffDatasets(await load(a), await load(b));
  const different = Object.values(diff).some(
    ({ added, removed, changed }) => added.length + removed.length + changed.length > 0,
  );
  if (values.json) print(toJson(diff));
  else {
    for (const [list, { added, removed, changed }] of Object.entries(diff)) {
      print(`${list}: ${added.length} added, ${removed.length} removed, ${changed.length} changed`);
      for (const id of removed) print(`- ${shown(id)}`);
      for (const id of added) print(`+ ${shown(id)}`);
      for (const { id, keys } of changed) print(`~ ${shown(id)}: ${someOf(keys)}`);
    }
  }
  return different ? 1 : 0;
}
