import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { EngineError } from '../../errors.js';
import { cacheFolder } from '../../host/cache.js';
import { namedPlace } from '../../host/environment.js';
import { elsewhere, findProgram, ISOLATED } from '../../host/programs.js';

/** The shared objects of one TensorFlow and where they were found. */
export interface LibraryFiles {
  /** Holds the C API: libtensorflow_cc or libtensorflow. */
  readonly library: string;
  /** libtensorflow_framework, loaded first; null where everything is in one file. */
  readonly framework: string | null;
  /** For people: which step of the search found it. */
  readonly origin: string;
  /** NVIDIA's libraries that were installed with it; null for a library without CUDA, or one that finds them itself. */
  readonly cuda: string | null;
}

export const LIBRARY_NAMES: readonly string[] =
  process.platform === 'darwin'
    ? ['libtensorflow_cc.2.dylib', 'libtensorflow.2.dylib']
    : ['libtensorflow_cc.so.2', 'libtensorflow.so.2'];
const FRAMEWORK_NAME =
  process.platform === 'darwin' ? 'libtensorflow_framework.2.dylib' : 'libtensorflow_framework.so.2';

/** Folder of the libraries that `espalier runtime install` fills, one sub-folder a version. */
export const runtimeFolder = (): string => join(cacheFolder(), 'tensorflow');

/** Libraries in one folder, or null. */
export function libraryIn(folder: string, origin: string): LibraryFiles | null {
  for (const name of LIBRARY_NAMES) {
    const library = join(folder, name);
    if (!existsSync(library)) continue;
    const framework = join(folder, FRAMEWORK_NAME);
    const cuda = join(folder, 'nvidia');
    return {
      library,
      framework: existsSync(framework) ? framework : null,
      origin,
      cuda: existsSync(cuda) ? cuda : null,
    };
  }
  return null;
}

/**
 * Looks for libtensorflow: ESPALIER_TENSORFLOW, the cache, the active Python's tensorflow, tfjs-node's own download,
 * the system's folders; the first one found wins. What lies in the working folder is never taken.
 *
 * @returns null when there is none
 * @throws EngineError when ESPALIER_TENSORFLOW is set and names no library: asked for by name, it never falls back
 * @throws ConfigError when it, or the cache, is a relative path
 */
export function findLibrary(): LibraryFiles | null {
  return fromEnvironment() ?? fromCache() ?? fromPython() ?? fromTfjsNode() ?? fromSystem();
}

function fromEnvironment(): LibraryFiles | null {
  const named = namedPlace('ESPALIER_TENSORFLOW');
  if (named === null) return null;
  const folder = existsSync(named) && statSync(named).isDirectory() ? named : dirname(named);
  const found = existsSync(named) ? libraryIn(folder, 'ESPALIER_TENSORFLOW') : null;
  if (found) return found;
  throw new EngineError(
    `ESPALIER_TENSORFLOW is ${named}, but there is no ${LIBRARY_NAMES.join(' or ')} there: unset it or name the library's file or folder`,
  );
}

function fromCache(): LibraryFiles | null {
  if (!existsSync(runtimeFolder())) return null;
  const versions = readdirSync(runtimeFolder()).filter((name) => /^\d/.test(name));
  const newestFirst = versions.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  for (const version of newestFirst) {
    const found = libraryIn(join(runtimeFolder(), version), 'espalier runtime install');
    if (found) return found;
  }
  return null;
}

/** Prints the folder of an installed tensorflow, the user's own packages included, without importing it. */
const ASK_PYTHON = `import importlib.util, site
site.addsitedir(site.getusersitepackages())
found = importlib.util.find_spec('tensorflow')
print(found.submodule_search_locations[0] if found else '')`;

function fromPython(): LibraryFiles | null {
  for (const name of ['python3', 'python']) {
    const python = findProgram(name);
    if (python === null) continue;
    const { status, stdout } = spawnSync(python, [ISOLATED, '-c', ASK_PYTHON], {
      ...elsewhere(),
      encoding: 'utf8',
      timeout: 10_000,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    if (status !== 0) continue; // one that does not answer
    const folder = stdout.trim();
    return isAbsolute(folder) ? libraryIn(folder, `the tensorflow package of ${python}`) : null;
  }
  return null;
}

function fromTfjsNode(): LibraryFiles | null {
  const require = createRequire(import.meta.url);
  for (const name of ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node']) {
    try {
      const root = dirname(require.resolve(`${name}/package.json`));
      const found = libraryIn(join(root, 'deps', 'lib'), `${name}'s own download`);
      if (found) return found;
    } catch {
      // Not installed.
    }
  }
  return null;
}

function fromSystem(): LibraryFiles | null {
  for (const folder of ['/usr/local/lib', '/usr/lib', '/usr/lib64', '/usr/lib/x86_64-linux-gnu', '/opt/homebrew/lib']) {
    const found = libraryIn(folder, folder);
    if (found) return found;
  }
  return null;
}
