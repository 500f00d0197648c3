import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { valueAt } from '../../checked.js';
import { EngineError } from '../../errors.js';
import { fullError, makeFolder, makeWorkFolder, removeAbandoned } from '../../files/write.js';
import { CACHE_REMEDY } from '../../host/cache.js';
import { LIBRARY_NAMES, type LibraryFiles, libraryIn, runtimeFolder } from './library.js';
import { downloadWheel, findPip, sha256Of } from './pip.js';
import { chooseRuntime, pipArguments, publishedWheels, RUNTIME_VERSION, type Runtime, thisPlatform } from './wheels.js';
import { extractZipEntry, withZip } from './zip.js';

/** One installed library. */
export interface InstalledRuntime {
  readonly version: string;
  /** With NVIDIA's CUDA libraries. */
  readonly gpu: boolean;
  readonly folder: string;
  readonly bytes: number;
}

/** Files a runtime needs: of tensorflow's wheel the two libraries, of NVIDIA's the libraries and the device code compiler. */
const NEEDED =
  /^(tensorflow\/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)|nvidia\/\w+\/(lib\/\w[\w.-]*\.so[\w.]*|bin\/ptxas|nvvm\/libdevice\/\w[\w.]*\.bc))$/;
const WHEEL_NAME = /^tensorflow(?:_cpu)?-(\d+\.\d+\.\d+\w*)-/;
const ORIGIN = 'espalier runtime install';
const WHEELS = '.wheels';

const folderName = (version: string, gpu: boolean): string => (gpu ? `${version}-gpu` : version);

/** Installed versions, oldest first; half-finished ones are none. */
export async function listRuntimes(): Promise<readonly InstalledRuntime[]> {
  if (!existsSync(runtimeFolder())) return [];
  const names = (await readdir(runtimeFolder())).filter((name) => /^\d/.test(name));
  const sorted = names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return sorted.map((name) => {
    const folder = join(runtimeFolder(), name);
    return { version: name.replace(/-gpu$/, ''), gpu: name.endsWith('-gpu'), folder, bytes: bytesIn(folder) };
  });
}

function bytesIn(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Deletes installed runtimes, all or those of one version, and what broken installations left; returns how many there were. */
export async function removeRuntimes(version?: string): Promise<number> {
  const runtimes = (await listRuntimes()).filter((each) => version === undefined || each.version === version);
  for (const { folder } of runtimes) await rm(folder, { recursive: true, force: true });
  await rm(join(runtimeFolder(), WHEELS), { recursive: true, force: true });
  return runtimes.length;
}

/** Why the runtime cannot be installed on this machine, or null when it can. */
export function whyNoRuntime(): string | null {
  const runtime = chooseRuntime();
  if (typeof runtime === 'string') return runtime;
  return findPip() ? null : 'there is no Python with pip to download the TensorFlow library (install python3-pip)';
}

export interface InstallOptions {
  /** A tensorflow wheel that is already here; nothing is downloaded. */
  readonly from?: string;
  readonly version?: string;
  /** With CUDA: some 3 GB more. */
  readonly gpu?: boolean;
  /** Gets one line per stage. */
  readonly say?: (line: string) => void;
}

/**
 * Puts libtensorflow into the cache: downloads the wheels with pip (or takes `from`), keeps the libraries in them, and
 * renames the finished folder into place, so that two processes may do it at once and a broken one leaves nothing. Wheels
 * that were downloaded whole are kept until the end: called again, it goes on with the next. A wheel that is given must have
 * the published digest where its version's is known here; of another version that is said.
 *
 * @throws EngineError with the reason when this platform has no such wheel, there is no pip, or `from` is of no use here
 * or not what its name says
 */
export async function installRuntime(options: InstallOptions = {}): Promise<LibraryFiles> {
  const { from, gpu = false, say = () => {} } = options;
  const runtime = from === undefined ? chooseRuntime(options) : null;
  if (typeof runtime === 'string') throw new EngineError(`${runtime}; the wasm engine needs nothing`);
  const version = from === undefined ? (options.version ?? RUNTIME_VERSION) : versionOf(from);
  const target = join(runtimeFolder(), folderName(version, gpu));
  if (from !== undefined) await requirePublished(from, say);
  const present = libraryIn(target, ORIGIN);
  if (present) {
    say(
      `TensorFlow ${version} is there already: nothing is changed ('espalier runtime remove --version ${version}' removes it)`,
    );
    return present;
  }
  makeFolder(runtimeFolder(), CACHE_REMEDY);
  removeAbandoned(runtimeFolder(), (name) => name.startsWith('.install-'));
  const work = makeWorkFolder(join(runtimeFolder(), '.install-'), CACHE_REMEDY);
  try {
    const wheels = runtime ? await fetchAll(runtime, say) : [from as string];
    const unpacked = join(work, 'library');
    for (const wheel of wheels) await unpack(wheel, unpacked, say);
    if (!libraryIn(unpacked, ORIGIN)) throw new EngineError(unfit(valueAt(wheels, 0)));
    if (!existsSync(target)) await rename(unpacked, target).catch((error) => lostRace(target, error));
  } catch (error) {
    throw fullError(target, error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const installed = libraryIn(target, ORIGIN);
  if (!installed)
    throw new EngineError(`${target} holds no TensorFlow library after installing: delete it and try again`);
  if (runtime) await rm(join(runtimeFolder(), WHEELS), { recursive: true, force: true });
  return installed;
}

async function fetchAll(runtime: Runtime, say: (line: string) => void): Promise<readonly string[]> {
  const reason = whyNoRuntime();
  if (reason) throw new EngineError(`${reason}; the wasm engine needs nothing`);
  const paths: string[] = [];
  for (const [index, wheel] of runtime.wheels.entries()) {
    const size = index > 0 ? '' : runtime.gpu ? ' (about 600 MB, and 3 GB of CUDA after it)' : ' (about 260 MB)';
    say(`downloading ${wheel.requirement}${size} with pip`);
    paths.push(await downloadWheel(wheel, runtime.platform, join(runtimeFolder(), WHEELS)));
  }
  return paths;
}

/** tensorflow's libraries lie in the folder itself, NVIDIA's under nvidia/ as in their wheels. */
async function unpack(wheel: string, folder: string, say: (line: string) => void): Promise<void> {
  await withZip(wheel, async (entries) => {
    for (const entry of entries.filter(({ name }) => NEEDED.test(name))) {
      const to = join(folder, entry.name.replace(/^tensorflow\//, ''));
      say(`unpacking ${basename(entry.name)}`);
      await mkdir(dirname(to), { recursive: true });
      await extractZipEntry(entry, to);
    }
  });
}

/** Compares a wheel with the digest that the package index states for its name; says so loudly where none is known. */
async function requirePublished(wheel: string, say: (line: string) => void): Promise<void> {
  await withZip(wheel, () => undefined); // what is no archive is told apart from a wrong one
  const name = basename(wheel);
  const [published] = publishedWheels(name);
  const found = await sha256Of(wheel);
  if (published?.sha256 === found) return say(`${name}: sha256 as published`);
  if (published) {
    const download = `python3 -m pip download ${pipArguments(published, thisPlatform()).join(' ')}`;
    throw new EngineError(
      `${name} has sha256 ${found}, the published wheel of ${published.requirement} ${published.sha256}: not installed. Fetch that one with '${download}', or name a library of your own in ESPALIER_TENSORFLOW`,
    );
  }
  say(
    `WARNING: nothing here vouches for ${name}: no digest of that version is known, and what is in it will run with your rights. Its sha256 is ${found}: compare it with the publisher's`,
  );
}

function versionOf(wheel: string): string {
  const version = WHEEL_NAME.exec(basename(wheel))?.[1];
  if (version) return version;
  throw new EngineError(
    `${basename(wheel)} is not named like a tensorflow wheel (tensorflow_cpu-${RUNTIME_VERSION}-cp312-cp312-....whl): keep the name it was downloaded with`,
  );
}

const unfit = (wheel: string): string =>
  `${basename(wheel)} holds no ${LIBRARY_NAMES.join(' or ')}, which ${thisPlatform()} needs: name a tensorflow wheel for this platform, of about 2.16 or newer`;

/** Another process finished first: its folder is as good as ours. */
function lostRace(target: string, error: unknown): void {
  if (!existsSync(target)) throw error;
}
