import { parseArgs } from 'node:util';
import { valueAt } from '../checked.js';
import { COCO } from '../coco.js';
import { datasetStats } from '../metrics/stats.js';
import { toJson } from '../write.js';
import { files, HELP, help } from './arguments.js';
import { table } from './table.js';

const USAGE = 'usage: coco-ts stats FILE [--json]';

const OPTIONS = { ...HELP, json: { type: 'boolean' } } as const;

/** `coco-ts stats` */
export async function statsCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help) return help(USAGE, print);
  const stats = datasetStats(await COCO.load(valueAt(files(positionals, 1, USAGE), 0)));
  if (values.json) {
    print(toJson(stats));
    return 0;
  }
  print(`images       ${stats.images} (${stats.imagesWithoutAnnotations} without annotations)`);
  print(`annotations  ${stats.annotations} (${stats.crowds} crowds)`);
  print(`sizes        ${stats.small} small, ${stats.medium} medium, ${stats.large} large`);
  for (const line of [
    '',
    ...table(
      ['category', 'images', 'annotations'],
      stats.categories.map((row) => [row.name, row.images, row.annotations]),
    ),
  ])
    print(line);
  return 0;
}
