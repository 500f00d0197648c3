import { parseArgs } from 'node:util';
import { COCO } from '../coco.js';
import { files, HELP, help } from './arguments.js';

const USAGE = 'usage: coco-ts validate FILE [--json]\nexit code 0: no violation of the COCO format, 1: some';

const OPTIONS = { ...HELP, json: { type: 'boolean' } } as const;

/** `coco-ts validate` */
export async function validateCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help) return help(USAGE, print);
  const found = (await COCO.load(files(positionals, 1, USAGE)[0]!)).violations();
  if (values.json) print(JSON.stringify(found));
  else {
    for (const violation of found) print(`${violation.rule}: ${violation.message}`);
    print(found.length === 0 ? 'no violations' : `${found.length} violations`);
  }
  return found.length === 0 ? 0 : 1;
}
