import { CocoError } from './errors.js';
import { escaped, shown } from './shown.js';

/** One command: its arguments in, its exit code out. */
export type Command = (args: readonly string[], print: (line: string) => void) => Promise<number>;

const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  eval: {
    summary: 'score detections against truths, as pycocotools does',
    load: async () => (await import('./commands/eval.js')).evalCommand,
  },
  stats: {
    summary: 'count images, annotations, categories and sizes',
    load: async () => (await import('./commands/stats.js')).statsCommand,
  },
  convert: {
    summary: 'COCO to and from PASCAL VOC, YOLO, LabelMe',
    load: async () => (await import('./commands/convert.js')).convertCommand,
  },
  filter: {
    summary: 'keep some categories, images or sizes',
    load: async () => (await import('./commands/edit.js')).filterCommand,
  },
  merge: { summary: 'join several files', load: async () => (await import('./commands/edit.js')).mergeCommand },
  split: {
    summary: 'divide the images into parts',
    load: async () => (await import('./commands/edit.js')).splitCommand,
  },
  diff: {
    summary: 'compare two files record by record',
    load: async () => (await import('./commands/edit.js')).diffCommand,
  },
  validate: {
    summary: 'list every violation of the COCO format',
    load: async () => (await import('./commands/validate.js')).validateCommand,
  },
};

function usage(): string {
  const rows = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`);
  return [
    'usage: coco-ts COMMAND ...',
    '',
    ...rows,
    '',
    'coco-ts COMMAND --help tells more. Files may be gzipped; an output named *.gz is.',
  ].join('\n');
}

/** Runs the command line. @returns the exit code: 0 done, 1 the input is wrong or has findings, 2 the call is wrong */
export async function main(
  argv: readonly string[],
  write: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): Promise<number> {
  const [name = '--help', ...rest] = argv;
  if (name === '--help' || name === '-h') {
    write(usage());
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    console.error(`coco-ts: there is no command ${shown(name)}\n\n${usage()}`);
    return 2;
  }
  const told = (error: Error, more = ''): void => console.error(`coco-ts ${name}: ${escaped(error.message)}${more}`);
  const print = (line: string): void => write(escaped(line));
  try {
    return await (await command.load())(rest, print);
  } catch (error) {
    if (isCallError(error)) {
      told(error, error.usage === undefined ? '' : `\n${error.usage}`);
      return 2;
    }
    if (error instanceof CocoError || (error instanceof Error && 'code' in error)) {
      told(error);
      return 1;
    }
    if (error instanceof RangeError) {
      told(error, ': the input is too large for this');
      return 1;
    }
    throw error;
  }
}

const isCallError = (error: unknown): error is Error & { usage?: string } =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
