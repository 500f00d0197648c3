import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { valueAt } from '../engine/checked.js';
import { ConfigError } from '../engine/errors.js';
import { type DataRoot, idOf, naturalOrder } from './paths.js';

/** Folders and files one pattern may walk. */
const MAX_ENTRIES = 1_000_000;

export interface Glob {
  /** The wildcards' text when the path fits, else null. */
  match(path: string): readonly string[] | null;
  /** As match, of the last part of the path alone. */
  matchName(name: string): readonly string[] | null;
  /** Whether files that fit may lie in a folder of that name, so many folders below the root. */
  descends(folder: string, depth: number): boolean;
  readonly parts: readonly string[];
}

/** A file found by a pattern. */
export interface Found {
  /** Relative to the root, forward slashes. */
  readonly id: string;
  readonly file: string;
  /** The wildcards' text in the whole path, and in the file name alone, joined. */
  readonly pathKey: string;
  readonly nameKey: string;
}

/** One step of a pattern: a text or one of several, or a wildcard: `?`, `*`, `**` between slashes, `**` at the end. */
interface Step {
  readonly kind: 'text' | 'choice' | 'one' | 'name' | 'folders' | 'rest';
  readonly texts: readonly string[];
}

/**
 * A path pattern: `*` any text without slash, `?` one character, `**` any folders, `{a,b}` either. Everything else is
 * literal, and the pattern is relative.
 */
export function compileGlob(pattern: string): Glob {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  if (pattern.startsWith('/') || parts.includes('..') || parts.length === 0 || pattern.length > 1000) {
    throw new ConfigError(`pattern '${pattern}' must be a path inside the data folder, such as images/*.png`);
  }
  const whole = pathSteps(parts, pattern);
  const names = parts.map((part) => nameSteps(part, pattern));
  return {
    parts,
    match: (path) => match(whole, path),
    matchName: (name) => match(names.at(-1) as readonly Step[], name),
    descends: (folder, depth) => {
      const before = parts.slice(0, -1);
      const deep = before.indexOf('**');
      return (
        (deep !== -1 && depth >= deep) || (depth < before.length && match(names[depth] as Step[], folder) !== null)
      );
    },
  };
}

export function isGlob(text: string): boolean {
  return /[*?{]/.test(text);
}

/** Files of the root that fit, in natural order. Links to folders are not followed; hidden folders are left out. */
export async function findFiles(root: DataRoot, pattern: string): Promise<readonly Found[]> {
  const glob = compileGlob(pattern);
  const found: Found[] = [];
  let seen = 0;
  const walk = async (folder: string, depth: number): Promise<void> => {
    for (const entry of await readdir(join(root.path, folder), { withFileTypes: true }).catch(() => [])) {
      if (++seen > MAX_ENTRIES) throw new ConfigError(`pattern '${pattern}' walks more than ${MAX_ENTRIES} files`);
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!entry.name.startsWith('.') && glob.descends(entry.name, depth)) await walk(path, depth + 1);
        continue;
      }
      const captures = glob.match(path);
      if (captures === null) continue;
      const name = glob.matchName(entry.name) ?? captures;
      const file = join(root.path, path);
      found.push({ id: idOf(root, file), file, pathKey: captures.join('/'), nameKey: name.join('/') });
    }
  };
  await walk('', 0);
  return found.sort((a, b) => naturalOrder(a.id, b.id));
}

function pathSteps(parts: readonly string[], pattern: string): readonly Step[] {
  return parts.flatMap((part, i): readonly Step[] => {
    const last = i === parts.length - 1;
    if (part === '**') return [{ kind: last ? 'rest' : 'folders', texts: [] }];
    return last ? nameSteps(part, pattern) : [...nameSteps(part, pattern), { kind: 'text', texts: ['/'] }];
  });
}

function nameSteps(part: string, pattern: string): readonly Step[] {
  if (part === '**') return [{ kind: 'rest', texts: [] }];
  return (part.match(/\{[^{}]*\}|\*+|[^*?{}]+|./gs) ?? []).map((token): Step => {
    if (token === '{' || token === '}') throw new ConfigError(`pattern '${pattern}' has a brace without its partner`);
    if (token.startsWith('{')) return { kind: 'choice', texts: token.slice(1, -1).split(',') };
    if (token.startsWith('*')) return { kind: 'name', texts: [] };
    return token === '?' ? { kind: 'one', texts: [] } : { kind: 'text', texts: [token] };
  });
}

/**
 * The wildcards' text: of `*` the least that fits, of `**` the most. What has failed once, a step from a place on, is not
 * tried again, so that it takes at most steps times letters.
 */
function match(steps: readonly Step[], text: string): readonly string[] | null {
  const captures: string[] = [];
  const width = text.length + 1;
  let failed: Uint8Array | null = null;

  const fits = (first: number, from: number): boolean => {
    let [index, at] = [first, from];
    for (; steps[index]?.kind === 'text'; index++) {
      const [literal] = valueAt(steps, index).texts as [string];
      if (!text.startsWith(literal, at)) return false;
      at += literal.length;
    }
    const step = steps[index];
    if (step === undefined) return at === text.length;
    if (failed?.[index * width + at] === 1) return false;
    const last = lastEnd(step, text, at);
    const end = endOf(step, index + 1, at, last);
    if (end >= 0) {
      if (step.kind !== 'choice') captures.push(text.slice(at, end));
      return true;
    }
    // A wildcard that begins later has no other ends.
    failed ??= new Uint8Array(steps.length * width);
    failed.fill(1, index * width + at, index * width + last + 1);
    return false;
  };

  /** Where a step ends, of the places that let the rest fit the one it likes best; -1 where there is none. */
  const endOf = ({ kind, texts }: Step, next: number, at: number, last: number): number => {
    if (kind === 'choice') {
      const found = texts.find((one) => text.startsWith(one, at) && fits(next, at + one.length));
      return found === undefined ? -1 : at + found.length;
    }
    if (kind === 'one') return at < text.length && text[at] !== '/' && fits(next, at + 1) ? at + 1 : -1;
    if (kind === 'name') {
      // It ends before what follows it.
      const after = steps[next]?.kind === 'text' ? steps[next].texts[0] : undefined;
      const from = (end: number): number => (after === undefined ? end : text.indexOf(after, end));
      for (let end = from(at); end >= 0 && end <= last; end = from(end + 1)) if (fits(next, end)) return end;
      return -1;
    }
    for (let end = last; end > at; end = text.lastIndexOf('/', end - 2) + 1) {
      const isEnd = kind === 'rest' || text[end - 1] === '/';
      if (isEnd && failed?.[(next - 1) * width + end] !== 1 && fits(next, end)) return end;
    }
    return fits(next, at) ? at : -1;
  };

  return fits(0, 0) ? captures.reverse() : null;
}

/** How far a wildcard may go: names to the next slash, folders to the end. */
function lastEnd({ kind }: Step, text: string, at: number): number {
  if (kind === 'choice' || kind === 'one') return at;
  const slash = kind === 'name' ? text.indexOf('/', at) : -1;
  return slash < 0 ? text.length : slash;
}
