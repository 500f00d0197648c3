import * as z from 'zod';
import { didYouMean, nearest } from '../datasets/suggestion.js';
import { shownName } from '../engine/printable.js';
import type { ConfigDocument } from './document.js';
import { experimentSchema } from './schema.js';

type Issue = z.core.$ZodIssue;

/** One line per finding of the schema: where it stands, what was found, what was expected, the nearest right thing. */
export function describeIssues(document: ConfigDocument, issues: readonly Issue[]): string {
  const findings = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => () => {
          return `${document.where([...issue.path, key], 'key')}: ${unknownKey(issue.path, key, document.value)}`;
        })
      : [() => `${document.where(issue.path)}: ${shownName(issue.path.join('.'))}: ${sentence(document, issue)}`],
  );
  return describeFirst(findings, (describe) => describe());
}

/** Findings that are told one by one: each takes a search, and nobody reads thousands. */
export const MOST_FINDINGS = 20;

/** A line for each of the first findings, and one for how many there are besides. */
export function describeFirst<T>(findings: readonly T[], describe: (finding: T) => string): string {
  const lines = findings.slice(0, MOST_FINDINGS).map(describe);
  const more = findings.length - lines.length;
  return [...lines, ...(more > 0 ? [`and ${more} more findings`] : [])].join('\n');
}

/** Every key of the schema as a dotted path, sections before their keys; of parts of several kinds those of all. */
export function schemaKeys(): readonly string[] {
  return keysBelow(experimentSchema, '');
}

function keysBelow(schema: z.ZodType, path: string): readonly string[] {
  const shapes = shapesOf(schema).flatMap((shape) => Object.entries(shape));
  const keys = shapes.flatMap(([key, inner]) => {
    const full = path === '' ? key : `${path}.${key}`;
    return [full, ...keysBelow(inner, full)];
  });
  return [...new Set(keys)];
}

type Shape = { readonly [key: string]: z.ZodType };

/** The shapes an object may have: one, or one for each kind of a part. */
function shapesOf(schema: z.ZodType): readonly Shape[] {
  if (schema instanceof z.ZodObject) return [schema.shape];
  if (schema instanceof z.ZodUnion) return (schema.options as readonly z.ZodType[]).flatMap(shapesOf);
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) {
    return shapesOf(schema.unwrap() as z.ZodType);
  }
  return [];
}

/** Keys that may stand at a path, where a part of a kind has those of its kind. */
function keysAt(path: readonly PropertyKey[], value: unknown): readonly string[] {
  let shapes = shapesOf(experimentSchema);
  for (const [depth, key] of path.entries()) {
    const kind = (valueAt(value, path.slice(0, depth + 1)) as { readonly kind?: unknown } | undefined)?.kind;
    const inner = shapes.flatMap((shape) => (shape[String(key)] ? shapesOf(shape[String(key)] as z.ZodType) : []));
    const ofKind = inner.filter(({ kind: literal }) => literal instanceof z.ZodLiteral && literal.value === kind);
    shapes = ofKind.length > 0 ? ofKind : inner;
  }
  return [...new Set(shapes.flatMap(Object.keys))];
}

/** The kinds of part at a path that have a key. */
function kindsWith(path: readonly PropertyKey[], key: string): readonly string[] {
  return shapesAt(path).flatMap((shape) => (key in shape ? literalsOf(shape.kind) : []));
}

function shapesAt(path: readonly PropertyKey[]): readonly Shape[] {
  let shapes = shapesOf(experimentSchema);
  for (const key of path) {
    shapes = shapes.flatMap((shape) => (shape[String(key)] ? shapesOf(shape[String(key)] as z.ZodType) : []));
  }
  return shapes;
}

function literalsOf(schema: unknown): readonly string[] {
  const inner = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  return inner instanceof z.ZodLiteral ? [String(inner.value)] : [];
}

function unknownKey(path: readonly PropertyKey[], key: string, value: unknown): string {
  const known = keysAt(path, value);
  const kinds = kindsWith(path, key);
  if (path.length === 1 && kinds.length > 0)
    return `'${key}' is a key of kind ${kinds.join(', ')}: ${kindRemedy(valueAt(value, path))}`;
  const section = path.map(String).join('.');
  const full = section === '' ? key : `${section}.${key}`;
  const elsewhere = schemaKeys().find((candidate) => candidate.endsWith(`.${key}`) && candidate !== full);
  if (elsewhere !== undefined && nearest(key, known) === undefined) {
    return `unknown key '${full}'; it belongs to another section: ${elsewhere}`;
  }
  return `unknown key '${full}'${didYouMean(key, known)}`;
}

function sentence(document: ConfigDocument, issue: Issue): string {
  const found = valueAt(document.value, issue.path);
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${article(issue.expected)}, found ${show(found)}`;
    case 'invalid_value':
      return `found ${show(found)}${didYouMean(typeof found === 'string' ? found : show(found), issue.values.map(String))}`;
    case 'too_small':
    case 'too_big': {
      const bound = issue.code === 'too_small' ? issue.minimum : issue.maximum;
      const relation =
        issue.code === 'too_small'
          ? issue.inclusive
            ? 'at least'
            : 'more than'
          : issue.inclusive
            ? 'at most'
            : 'less than';
      const unit = issue.origin === 'array' ? ' values' : issue.origin === 'string' ? ' characters' : '';
      return `expected ${relation} ${bound}${unit}, found ${show(found)}`;
    }
    case 'invalid_key':
      return issue.issues[0]?.message ?? issue.message;
    case 'invalid_union': {
      const kinds = kindsAt(issue.path);
      if (kinds.length > 0) return `found ${show(found)}${didYouMean(String(found), kinds)}`;
      return `expected a name, an index or a list of them, found ${show(found)}`;
    }
    default:
      return issue.message;
  }
}

/** The kinds of part that may stand where a union was refused; its path ends with the key that tells them apart. */
function kindsAt(path: readonly PropertyKey[]): readonly string[] {
  return shapesAt(path.slice(0, -1)).flatMap((shape) => literalsOf(shape[String(path.at(-1))]));
}

function kindRemedy(part: unknown): string {
  const { kind } = (part ?? {}) as { readonly kind?: unknown };
  return kind === undefined ? 'name the kind, too' : `remove it, kind ${shownName(String(kind))} has none`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key], value);
}

const NOUNS: { readonly [expected: string]: string } = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  object: 'a map such as { key: value }',
  record: 'a map such as { 0: membrane }',
  array: 'a list such as [a, b]',
  tuple: 'a list such as [320, 320]',
};

const article = (expected: string): string => NOUNS[expected] ?? expected;

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
