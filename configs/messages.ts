import * as z from 'zod';
import { shownName } from '../engine/printable.js';
import type { ConfigDocument } from './document.js';
import { experimentSchema } from './schema.js';
import { didYouMean, nearest } from './suggestion.js';

type Issue = z.core.$ZodIssue;

/** One line per finding of the schema: where it stands, what was found, what was expected, the nearest right thing. */
export function describeIssues(document: ConfigDocument, issues: readonly Issue[]): string {
  const findings = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => () => {
          return `${document.where([...issue.path, key], 'key')}: ${unknownKey(document, issue.path, key)}`;
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

/** Every key of the schema as a dotted path, sections before their keys. */
export function schemaKeys(): readonly string[] {
  const sections = Object.entries(experimentSchema.shape);
  return sections.flatMap(([section]) => [section, ...keysOf(section).map((key) => `${section}.${key}`)]);
}

/** Keys of a section, of which some belong to one kind alone; without a kind those of all. */
function keysOf(section: string, kind?: unknown): readonly string[] {
  const inner = innerOf(section);
  if (inner instanceof z.ZodObject) return Object.keys(inner.shape);
  const members = membersOf(section);
  const own = members.filter(({ shape }) => literalsOf(shape.kind).includes(String(kind)));
  return [...new Set((own.length === 0 ? members : own).flatMap((one) => Object.keys(one.shape)))];
}

function membersOf(section: string): readonly z.ZodObject[] {
  const inner = innerOf(section);
  return inner instanceof z.ZodDiscriminatedUnion ? inner.options.filter((one) => one instanceof z.ZodObject) : [];
}

function innerOf(section: string): unknown {
  const shape: Record<string, z.ZodType> = experimentSchema.shape;
  const schema = shape[section];
  return schema instanceof z.ZodPrefault ? schema.unwrap() : schema;
}

function unknownKey(document: ConfigDocument, path: readonly PropertyKey[], key: string): string {
  const section = path.map(String).join('.');
  const kind = valueAt(document.value, [...path, 'kind']);
  const known = section === '' ? Object.keys(experimentSchema.shape) : keysOf(section, kind ?? 'auto');
  const full = section === '' ? key : `${section}.${key}`;
  const others = kindsWith(section, key);
  if (others.length > 0) {
    const of = `it is a key of kind ${others.join(', ')}`;
    return kind === undefined
      ? `'${key}' says what data of one format mean, and no kind is written: ${of}`
      : `'${key}' has no meaning for kind ${shownName(String(kind))}: remove it; ${of}`;
  }
  const elsewhere = schemaKeys().find((candidate) => candidate.endsWith(`.${key}`));
  if (elsewhere !== undefined && nearest(key, known) === undefined) {
    return `unknown key '${full}'; it belongs to another section: ${elsewhere}`;
  }
  return `unknown key '${full}'${didYouMean(key, known)}`;
}

/** The kinds of a section that have a key. */
function kindsWith(section: string, key: string): readonly string[] {
  return membersOf(section).flatMap(({ shape }) => (key in shape ? literalsOf(shape.kind) : []));
}

const literalsOf = (schema: unknown): string[] => {
  const inner = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
  return inner instanceof z.ZodLiteral ? [...inner.values].map(String) : [];
};

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
    case 'invalid_union':
      if (issue.path.at(-1) === 'kind') return unknownKind(String(issue.path.at(-2) ?? ''), found);
      return `expected a name, an index or a list of them, found ${show(found)}`;
    default:
      return issue.message;
  }
}

function unknownKind(section: string, found: unknown): string {
  const kinds = membersOf(section).flatMap(({ shape }) => literalsOf(shape.kind));
  return `found ${show(found)}${didYouMean(typeof found === 'string' ? found : show(found), kinds)}`;
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
