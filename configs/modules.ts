import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { addFamily } from '../backbones/index.js';
import { readSettings } from '../backbones/settings.js';
import { addFormat, type Format, refuseFormat } from '../datasets/formats/index.js';
import { ownSettings } from '../datasets/outside.js';
import { ConfigError, EspalierError } from '../engine/errors.js';
import { readRegular } from '../engine/files/read.js';
import { makeFolder, writeWhole } from '../engine/files/write.js';
import { cacheFolder } from '../engine/host/cache.js';
import { addHead, type HeadDefinition, TASK_NAMES } from '../heads/index.js';
import { isPlain, type Plain } from '../heads/modelConfig.js';
import { addNeck, type NeckDefinition } from '../necks/index.js';
import type { ConfigDocument, Path } from './document.js';
import { describeMissing } from './locate.js';

export interface LoadModules {
  /** The file that names the modules: their paths are relative to it. */
  readonly file: string;
  readonly where: ConfigDocument['where'];
  /** True: a person runs this file, and so the code it names; false: it was recorded, and may come from anybody. */
  readonly isOwn: boolean;
  readonly allowModules: boolean;
  /** True: nobody will train, and what training alone needs may be missing. Defaults to false. */
  readonly isForUse?: boolean;
}

/** A sort of part that a module can give. */
interface Sort {
  /** What makes it, for errors. */
  readonly define: string;
  /** What a part of the sort has. */
  readonly needs: readonly string[];
  readonly add: (module: string, part: never) => void;
  /** True: its settings stand in the config as they are, and are read at once; defaults of heads and necks come later. */
  readonly readsAlone?: true;
  /** Callback for a part that a trained network does without: gets the reason why it cannot be had. */
  readonly refuse?: (module: string, reason: ConfigError) => void;
}

/** Where a config may name a module; `*`: every entry of a list. */
const SORTS: { readonly [place: string]: Sort } = {
  'model.backbone': { define: 'defineFamily', needs: ['archs', 'architecture'], add: addFamily },
  'model.neck': {
    define: 'defineNeck',
    needs: ['config', 'create', 'reads'],
    add: (module, neck: NeckDefinition) => addNeck(module, neck),
  },
  'model.head': {
    define: 'defineHead',
    needs: ['task', 'config', 'encoder', 'levels', 'defaults', 'limits', 'create'],
    add: (module, head: HeadDefinition) => {
      requireTask(module, head);
      addHead(module, head);
    },
  },
  data: {
    define: 'defineFormat',
    needs: ['config', 'readers', 'check'],
    readsAlone: true,
    add: (module, format: Format) => addFormat(module, format),
    refuse: refuseFormat,
  },
  'augment.transforms.*': {
    define: 'defineTransform',
    needs: ['config', 'apply'],
    readsAlone: true,
    add: () => {}, // workers load it themselves
    refuse: () => {},
  },
};

/**
 * Loads the modules that a config names, and puts whole paths and digests in their place.
 *
 * @returns the config; what is no config is left as it is, for the schema to refuse
 * @throws ConfigError for modules that are missing, that give no such part, that changed since they were recorded, or that nobody
 * allowed
 */
export function loadModules(value: unknown, options: LoadModules): unknown {
  return Object.entries(SORTS).reduce((config, [place, sort]) => {
    return replaceAt(config, place.split('.'), [], (part, path) => {
      try {
        return loadPart(part, path, sort, options);
      } catch (error) {
        if (!options.isForUse || !sort.refuse || !(error instanceof ConfigError)) throw error;
        sort.refuse(String(part.module), error);
        return { ...part, kind: 'module' };
      }
    });
  }, value);
}

/** A config with another part at a path; lists of parts are walked. */
function replaceAt(
  value: unknown,
  path: readonly string[],
  walked: Path,
  change: (part: Plain, path: Path) => Plain,
): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return isPlain(value) && typeof value.module === 'string' ? change(value, walked) : value;
  if (key === '*') {
    return Array.isArray(value) ? value.map((item, i) => replaceAt(item, rest, [...walked, i], change)) : value;
  }
  if (!isPlain(value) || value[key] === undefined) return value;
  return { ...value, [key]: replaceAt(value[key], rest, [...walked, key], change) };
}

function loadPart(part: Plain, path: Path, sort: Sort, options: LoadModules): Plain {
  const written = String(part.module);
  const key = path.join('.');
  const fail = (problem: string): never => {
    throw new ConfigError(`${options.where([...path, 'module'])}: ${key}: ${problem}`);
  };
  const module = placeOf(written, options.file);
  const recorded = typeof part.sha256 === 'string' ? part.sha256 : null;
  if (module === null) {
    const missing = describeMissing(resolve(dirname(options.file), written));
    const remedy = options.isOwn
      ? ''
      : `; the run was trained with it: put it back, or a copy named ${basename(written)} beside ${options.file}`;
    return fail(`${missing}${remedy}`);
  }
  const sha256 = digestOf(module);
  if (recorded !== null && recorded !== sha256 && !options.allowModules) {
    return fail(
      `${module} changed since ${options.file} was recorded (SHA-256 ${recorded.slice(0, 12)} then, ${sha256.slice(0, 12)} now): put the old one back, or take it as it is with --allow-modules`,
    );
  }
  if (!options.isOwn && !options.allowModules && !isTrusted(module, sha256)) {
    return fail(
      `it runs code, ${module}, which no config that you ran has named: read it, then allow it with --allow-modules`,
    );
  }
  const definition = load(module, sort, fail);
  try {
    if (sort.readsAlone) readSettings(Reflect.get(definition, 'config'), settingsIn(part, definition), 'settings');
    sort.add(module, definition as never);
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    return fail(error.message);
  }
  if (options.isOwn) trust(module, sha256);
  const named = path.at(-1) === 'backbone' ? {} : { kind: 'module' };
  return { ...part, ...named, module, sha256 };
}

const settingsIn = (part: Plain, definition: object) => ownSettings(part, Reflect.get(definition, 'config'));

/** A module beside the config that names it; of a run that was moved, one of the same name beside its config. */
function placeOf(written: string, file: string): string | null {
  const folder = dirname(resolve(file));
  const found = [resolve(folder, written), join(folder, basename(written))].find((path) => existsSync(path));
  return found === undefined ? null : realpathSync(found);
}

/** The part that a module exports. */
function load(module: string, { define, needs }: Sort, fail: (problem: string) => never): object {
  let loaded: unknown;
  try {
    loaded = createRequire(import.meta.url)(module);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_REQUIRE_ASYNC_MODULE') return fail(`${module} awaits at its top level: do so in its functions`);
    return fail(`${module} cannot be loaded: ${message.split('\n')[0]}`);
  }
  const part: unknown = isObject(loaded) ? Reflect.get(loaded, 'default') : undefined;
  if (!isObject(part)) return fail(`${module} has no default export: export default ${define}({ ... })`);
  const missing = needs.filter((name) => Reflect.get(part, name) === undefined);
  if (missing.length > 0) {
    return fail(`the default export of ${module} has no ${missing.join(', ')}: export default ${define}({ ... })`);
  }
  return part;
}

const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

function requireTask(module: string, { task }: HeadDefinition): void {
  if (TASK_NAMES.some((name) => name === task?.name)) return;
  throw new ConfigError(
    `the head of ${module} is for the task ${task?.name}: use one of TASKS (${TASK_NAMES.join(', ')})`,
  );
}

/** Relative imports of a module, and addresses of workers' modules. */
const IMPORTS = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)(['"])(\.{1,2}\/[^'"\n]+)\1/g;
const MAX_FILES = 200;
const MAX_BYTES = 2 ** 21;

/** SHA-256 of a module and of everything that it imports by relative paths, in the order found. */
function digestOf(module: string): string {
  const hash = createHash('sha256');
  const seen = new Set([module]);
  for (const file of seen) {
    const refuse = (problem: string) => new ConfigError(`${file}: ${problem}`);
    const bytes = readRegular(file, { maxBytes: MAX_BYTES, refuse });
    hash.update(`${bytes.length}\n`).update(bytes);
    for (const [, , name = ''] of new TextDecoder().decode(bytes).matchAll(IMPORTS)) {
      const path = resolve(dirname(file), name);
      if (existsSync(path)) seen.add(realpathSync(path));
    }
    if (seen.size > MAX_FILES)
      throw new ConfigError(`${module} imports more than ${MAX_FILES} files of its own: bundle it`);
  }
  return hash.digest('hex');
}

/** Modules as they were when a config of this user named them: a file each, in the cache. */
function markOf(module: string, sha256: string): string {
  const name = createHash('sha256').update(`${module}\0${sha256}`).digest('hex');
  return join(cacheFolder(), 'modules', name);
}

function isTrusted(module: string, sha256: string): boolean {
  return existsSync(markOf(module, sha256));
}

function trust(module: string, sha256: string): void {
  if (isTrusted(module, sha256)) return;
  try {
    const mark = markOf(module, sha256);
    makeFolder(dirname(mark));
    writeWhole(mark, [new TextEncoder().encode(`${module}\n`)]);
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error; // nothing is remembered: later commands ask for --allow-modules
  }
}
