import { shown } from '../shown.js';

/** A call that cannot be understood; reported with exit code 2 like a mistake in an option's name. */
export class ArgumentError extends Error {
  readonly code = 'ERR_PARSE_ARGS_VALUE';
  /** How the command is called, for those who do not know. */
  readonly usage: string | undefined;

  constructor(message: string, usage?: string) {
    super(message);
    this.usage = usage;
  }
}

/** The option every command has. */
export const HELP = { help: { type: 'boolean', short: 'h' } } as const;

/** Tells how a command is called. @returns its exit code */
export function help(usage: string, print: (line: string) => void): number {
  usage.split('\n').forEach(print);
  return 0;
}

/** An option that must be given. */
export function required(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new ArgumentError(`--${name} is missing`);
  return value;
}

/** A whole number in a range. */
export function integer(value: string, name: string, low: number, high: number): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < low || number > high)
    throw new ArgumentError(`--${name} ${shown(value)}: a whole number from ${low} to ${high} is needed`);
  return number;
}

/** A real number in a range. */
export function real(value: string, name: string, low: number, high: number): number {
  const number = Number(value);
  if (value.trim() === '' || !(number >= low && number <= high))
    throw new ArgumentError(`--${name} ${shown(value)}: a number from ${low} to ${high} is needed`);
  return number;
}

/** Exactly `count` file names. */
export function files(positionals: readonly string[], count: number, usage: string): readonly string[] {
  if (positionals.length !== count)
    throw new ArgumentError(`${positionals.length} files given, ${count} needed`, usage);
  return positionals;
}
