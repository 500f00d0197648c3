import {
  type Document,
  isMap,
  isPair,
  isScalar,
  LineCounter,
  type Node,
  parseAllDocuments,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import { valueAt } from '../engine/checked.js';
import { ConfigError, messageOf } from '../engine/errors.js';
import { readText } from '../engine/files/read.js';

export type Path = readonly PropertyKey[];

/** A config file as parsed, which knows where each of its values stands. */
export interface ConfigDocument {
  /** Plain data, overrides applied. */
  readonly value: unknown;
  /** `file:line:column` of a value, or `--set key.path` when it was overridden. Falls back to the nearest parent. */
  where(path: Path, at?: 'key' | 'value'): string;
}

/** A value that replaces one of the file, and how to name it in errors. */
export interface Override {
  readonly path: readonly string[];
  readonly value: unknown;
  readonly origin: string;
}

/** No experiment is longer; larger files are not experiments. */
const MAX_BYTES = 1 << 18;

/**
 * Parses a config file and lays the overrides over it.
 *
 * @throws ConfigError when the file cannot be read or is not one YAML map
 */
export function readDocument(file: string, overrides: readonly Override[]): ConfigDocument {
  const refuse = (problem: string) =>
    new ConfigError(`${file}: ${problem}; name a config such as configs/cells-demo.yaml`);
  return documentOf(file, readText(file, { maxBytes: MAX_BYTES, refuse }), overrides);
}

/** A text as a config file that is called `file`. @throws ConfigError when it is not one YAML map */
export function documentOf(file: string, text: string, overrides: readonly Override[]): ConfigDocument {
  const lines = new LineCounter();
  const document = parse(file, text, lines);
  const problem = document.errors[0] ?? document.warnings[0];
  const place = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (problem) {
    const known = problem.code === 'MULTIPLE_DOCS' ? 'one experiment per file: split it at the line ---' : undefined;
    throw new ConfigError(`${place(problem.pos[0])}: ${known ?? firstLine(problem.message)}`);
  }
  const repeated = repeatedKey(document);
  if (repeated)
    throw new ConfigError(`${place(startOf(repeated))}: '${shorten(String(repeated))}' is written twice in one map`);
  const value = toData(file, document, overrides);
  return { value, where: (path, at = 'value') => overridden(path, overrides) ?? place(offsetOf(document, path, at)) };
}

/** `key.path=value` of the command line; the value is read as YAML, so `[320, 320]`, `null` and `0.5` mean themselves. */
export function parseOverride(text: string): Override {
  const equals = text.indexOf('=');
  const path = text.slice(0, Math.max(equals, 0)).split('.');
  if (equals < 1 || path.includes('') || path.some((key) => key in Object.prototype)) {
    throw new ConfigError(`--set ${text}: write key.path=value, for example --set train.epochs=20`);
  }
  const value = parseDocument(text.slice(equals + 1));
  const problem = value.errors[0];
  if (problem) throw new ConfigError(`--set ${text}: ${firstLine(problem.message)}`);
  return { path, value: value.toJS({ maxAliasCount: 10 }), origin: `--set ${path.join('.')}` };
}

function parse(file: string, text: string, lineCounter: LineCounter): Document.Parsed {
  try {
    const all = parseAllDocuments(text, { lineCounter, uniqueKeys: false });
    const second = Array.isArray(all)
      ? all.find((document, index) => index > 0 && document.contents !== null)
      : undefined;
    const document = Array.isArray(all) ? all[0] : undefined;
    if (second && document) {
      const { line, col } = lineCounter.linePos(startOf(second.contents));
      throw new ConfigError(`${file}:${line}:${col}: one experiment per file: put the second one into its own`);
    }
    return document ?? parseDocument('{}', { lineCounter });
  } catch (error) {
    if (error instanceof RangeError) throw new ConfigError(`${file}:1:1: nested too deeply for a config`);
    throw error;
  }
}

/** The first key that its map has already; the parser's own check compares every key with all before it. */
function repeatedKey(document: Document.Parsed): Scalar | null {
  let found: Scalar | null = null;
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      const pair = items.find(({ key }) => isScalar(key) && seen.size === seen.add(key.value).size);
      if (pair === undefined) return undefined;
      found = pair.key as Scalar;
      return visit.BREAK;
    },
  });
  return found;
}

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);

function toData(file: string, document: Document.Parsed, overrides: readonly Override[]): unknown {
  if (document.contents !== null && !isMap(document.contents)) {
    throw new ConfigError(`${file}:1:1: expected a map such as task: detection`);
  }
  const data = expand(file, document);
  for (const { path, value } of overrides) {
    let target = data;
    for (const key of path.slice(0, -1)) {
      const next = Object.hasOwn(target, key) ? target[key] : undefined;
      const map = typeof next === 'object' && next !== null && !Array.isArray(next) ? next : {};
      target[key] = map;
      target = map as Record<string, unknown>;
    }
    target[valueAt(path, path.length - 1)] = value;
  }
  return data;
}

function expand(file: string, document: Document.Parsed): Record<string, unknown> {
  try {
    return (document.toJS({ maxAliasCount: 10 }) ?? {}) as Record<string, unknown>;
  } catch (error) {
    throw new ConfigError(`${file}:1:1: ${firstLine(messageOf(error))}: write the values out`);
  }
}

function overridden(path: Path, overrides: readonly Override[]): string | undefined {
  const hit = overrides.findLast((override) => override.path.every((key, index) => key === String(path[index])));
  return hit?.origin;
}

function offsetOf(document: Document.Parsed, path: Path, at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [index, key] of path.entries()) {
    const last = index === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(
        (item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
      );
      if (!pair) break;
      node = pair.value;
      offset = last && at === 'key' ? startOf(pair.key) : startOf(node ?? pair.key);
    } else {
      node = (node as { get?(key: unknown, keep: boolean): unknown } | null)?.get?.(key, true);
      if (node === undefined || node === null) break;
      offset = startOf(node);
    }
  }
  return offset;
}

const startOf = (node: unknown): number => (node as Node | null)?.range?.[0] ?? 0;
const firstLine = (message: string): string => message.split(/ at line \d|\n/)[0] ?? message;
