import { parseArgs } from 'node:util';
import { valueAt } from '../checked.js';
import { COCO } from '../coco.js';
import { files, HELP, help } from './arguments.js';

const USAGE =
  'usage: coco-ts validate FILE [--json]\nexit code 0: no violation of the COCO format (there may be warnings), 1: some';

const OPTIONS = { ...HELP, json: { type: 'boolean' } } as const;

/** `coco-ts validate` */
export async function validateCommand(args: readonly string[], print: (line: string) => void): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  if (values.help) return help(USAGE, print);
  const coco = await COCO.load(valueAt(files(positionals, 1, USAGE), 0));
  const [found, warnings] = [coco.violations(), coco.warnings()];
  if (values.json) {
    const marked = (list: readonly object[], severity: string) => list.map((item) => ({ severity, ...item }));
    print(JSON.stringify([...marked(found, 'error'), ...marked(warnings, 'warning')]));
  } else {
    for (const violation of found) print(`${violation.rule}: ${violation.message}`);
    for (const warning of warnings) print(`warning: ${warning.rule}: ${warning.message}`);
    const counts = [
      counted(found.length, 'violation'),
      ...(warnings.length > 0 ? [counted(warnings.length, 'warning')] : []),
    ];
    print(counts.join(', '));
  }
  return found.length === 0 ? 0 : 1;
}

const counted = (count: number, what: string): string =>
  `${count === 0 ? 'no' : count} ${what}${count === 1 ? '' : 's'}`;
