import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../engine/errors.js';
import { type DataRoot, idOf, naturalOrder } from './paths.js';

/** Folders and files one pattern may walk. */
const MAX_ENTRIES = 1_000_000;

export interface Glob {
  /** The wildcards' text when the path fits, else null. */
  match(path: string): readonly string[] | null;
  /** As match, of the last part of the path alone. */
  matchName(name: string): readonly string[] | null;
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

/**
 * A path pattern: `*` any text without slash, `?` one character, `**` any folders, `{a,b}` either. Everything else is
 * literal, and the pattern is relative.
 */
export function compileGlob(pattern: string): Glob {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  if (pattern.startsWith('/') || parts.includes('..') || parts.length === 0 || pattern.length > 1000) {
    throw new ConfigError(`pattern '${pattern}' must be a path inside the data folder, such as images/*.png`);
  }
  const whole = new RegExp(`^${pathPattern(parts)}$`, 's');
  const last = new RegExp(`^${namePattern(parts.at(-1) as string, pattern)}$`, 's');
  const captures = (found: RegExpExecArray | null) =>
    found === null ? null : found.slice(1).map((text) => text ?? '');
  return { parts, match: (path) => captures(whole.exec(path)), matchName: (name) => captures(last.exec(name)) };
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
        if (!entry.name.startsWith('.') && mayDescend(glob, entry.name, depth, pattern)) await walk(path, depth + 1);
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

function mayDescend(glob: Glob, folder: string, depth: number, pattern: string): boolean {
  const before = glob.parts.slice(0, -1);
  const deep = before.indexOf('**');
  if (deep !== -1 && depth >= deep) return true;
  const part = before[depth];
  return part !== undefined && new RegExp(`^${namePattern(part, pattern)}$`, 's').test(folder);
}

function pathPattern(parts: readonly string[]): string {
  return parts
    .map((part, i) => {
      const last = i === parts.length - 1;
      if (part === '**') return last ? '(.*)' : '((?:[^/]+/)*)';
      return namePattern(part, parts.join('/')) + (last ? '' : '/');
    })
    .join('');
}

function namePattern(part: string, pattern: string): string {
  if (part === '**') return '(.*)';
  return part.replace(/\{([^{}]*)\}|\*+|\?|[\\^$.|+()[\]{}]/g, (token, choices: string | undefined) => {
    if (choices !== undefined) return `(?:${choices.split(',').map(literal).join('|')})`;
    if (token === '{' || token === '}') throw new ConfigError(`pattern '${pattern}' has a brace without its partner`);
    return token.startsWith('*') ? '([^/]*?)' : token === '?' ? '([^/])' : `\\${token}`;
  });
}

function literal(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
