import type { z } from 'zod';
import { didYouMean } from '../datasets/suggestion.js';
import { ConfigError } from '../engine/errors.js';

/**
 * Reads settings given in code with the schema a config file is read with; defaults are filled in.
 *
 * @param what names the part in the error, e.g. 'detection head'
 * @throws ConfigError naming every setting that is unknown, with the nearest known one, or out of range
 */
export function readSettings<S extends z.ZodType>(schema: S, value: z.input<S>, what: string): z.output<S> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const problems = read.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => unknownOption([...issue.path, key].join('.'), key, keysAt(schema, issue.path)))
      : [`${issue.path.join('.') || 'settings'}: ${issue.message}`],
  );
  throw new ConfigError(`${what}: ${problems.join('; ')}`);
}

/** The options that a function takes: each name once, which the compiler holds against its type. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true };

/**
 * Refuses options that a function does not have, as TypeScript does for literals.
 *
 * @throws ConfigError naming every unknown option and the nearest known one
 */
export function checkOptions<Options extends object>(given: Options, known: OptionNames<Options>, what: string): void {
  const names = Object.keys(known);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length === 0) return;
  throw new ConfigError(`${what}: ${unknown.map((name) => unknownOption(name, name, names)).join('; ')}`);
}

const unknownOption = (path: string, name: string, known: readonly string[]): string =>
  `there is no option '${path}'${didYouMean(name, known)}`;

/** The keys of a schema at a path; none where it is no object. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): readonly string[] {
  let at: unknown = schema;
  for (const key of path) at = member(member(unwrapped(at), 'shape'), key);
  const options = member(member(unwrapped(at), 'def'), 'options');
  const shapes = (Array.isArray(options) ? options : [unwrapped(at)]).map((option) => member(option, 'shape'));
  return [
    ...new Set(shapes.flatMap((shape) => (typeof shape === 'object' && shape !== null ? Object.keys(shape) : []))),
  ];
}

/** The schema inside of defaults and the like. */
function unwrapped(schema: unknown): unknown {
  const inner = member(member(schema, 'def'), 'innerType');
  return inner === undefined ? schema : unwrapped(inner);
}

const member = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
