import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { EngineError } from '../errors.js';
import { type LibraryFiles, libraryIn, runtimeFolder } from './library.js';
import { downloadWheel, findPip } from './pip.js';
import { extractZipEntry, listZip } from './zip.js';

/** A published wheel that carries libtensorflow; digests as the package index states them. */
interface RuntimeWheel {
  readonly requirement: string;
  readonly platform: string;
  readonly sha256: string;
}

export const RUNTIME_VERSION = '2.21.0';

/** By `process.platform`-`process.arch`. */
export const RUNTIME_WHEELS: { readonly [platform: string]: RuntimeWheel } = {
  'linux-x64': {
    requirement: `tensorflow-cpu==${RUNTIME_VERSION}`,
    platform: 'manylinux_2_27_x86_64',
    sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
  },
  'linux-arm64': {
    requirement: `tensorflow==${RUNTIME_VERSION}`,
    platform: 'manylinux_2_27_aarch64',
    sha256: 'b07d15737406533898e36c7ef7944b1be18e9028dc521b9229952c537bbc5552',
  },
  'darwin-arm64': {
    requirement: `tensorflow==${RUNTIME_VERSION}`,
    platform: 'macosx_12_0_arm64',
    sha256: '56ecd7d47429acbe1df2694d50b75bf9fc3995ac92cb367cd9af6c4780ead712',
  },
};

const WHEEL_FILES = /^tensorflow\/libtensorflow_(cc|framework)\.(so\.2|2\.dylib)$/;

/** Installed versions, newest name last. */
export async function listRuntimes(): Promise<readonly { version: string; folder: string; bytes: number }[]> {
  if (!existsSync(runtimeFolder())) return [];
  const runtimes = [];
  for (const version of (await readdir(runtimeFolder())).filter((name) => /^\d/.test(name)).sort()) {
    const folder = join(runtimeFolder(), version);
    let bytes = 0;
    for (const name of await readdir(folder)) bytes += (await stat(join(folder, name))).size;
    runtimes.push({ version, folder, bytes });
  }
  return runtimes;
}

/** Deletes every installed runtime; returns how many there were. */
export async function removeRuntimes(): Promise<number> {
  const runtimes = await listRuntimes();
  for (const { folder } of runtimes) await rm(folder, { recursive: true, force: true });
  return runtimes.length;
}

/** Why the runtime cannot be installed on this machine, or null when it can. */
export function whyNoRuntime(): string | null {
  const platform = `${process.platform}-${process.arch}`;
  if (!RUNTIME_WHEELS[platform]) {
    return `TensorFlow ${RUNTIME_VERSION} publishes no library for ${platform} (there is one for ${Object.keys(RUNTIME_WHEELS).join(', ')})`;
  }
  return findPip() ? null : 'there is no Python with pip to download the TensorFlow library (install python3-pip)';
}

/**
 * Puts libtensorflow into the cache: downloads the wheel with pip (or takes `from`), keeps its two libraries, and
 * renames the finished folder into place, so that two processes may do it at once and a broken download leaves nothing.
 *
 * @param from a wheel that is already here
 * @param say  gets one line per stage
 * @throws EngineError with the reason when this platform has no wheel or there is no pip
 */
export async function installRuntime(
  options: { from?: string; say?: (line: string) => void } = {},
): Promise<LibraryFiles> {
  const target = join(runtimeFolder(), RUNTIME_VERSION);
  const present = libraryIn(target, 'espalier runtime install');
  if (present) return present;
  const reason = options.from ? null : whyNoRuntime();
  if (reason) throw new EngineError(`${reason}; the wasm engine needs nothing`);
  const say = options.say ?? (() => {});
  await mkdir(runtimeFolder(), { recursive: true });
  const work = await mkdtemp(join(runtimeFolder(), '.install-'));
  try {
    const wheel = options.from ?? (await fetchWheel(work, say));
    const unpacked = join(work, 'library');
    await mkdir(unpacked);
    const entries = (await listZip(wheel)).filter((entry) => WHEEL_FILES.test(entry.name));
    if (entries.length === 0) throw new EngineError(`${wheel} holds no libtensorflow_cc: name a tensorflow wheel`);
    say(`unpacking ${entries.map((entry) => basename(entry.name)).join(' and ')}`);
    for (const entry of entries) await extractZipEntry(wheel, entry, join(unpacked, basename(entry.name)));
    if (!existsSync(target)) await rename(unpacked, target).catch((error) => lostRace(target, error));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const installed = libraryIn(target, 'espalier runtime install');
  if (!installed)
    throw new EngineError(`${target} holds no TensorFlow library after installing: delete it and try again`);
  return installed;
}

async function fetchWheel(work: string, say: (line: string) => void): Promise<string> {
  const wheel = RUNTIME_WHEELS[`${process.platform}-${process.arch}`] as RuntimeWheel;
  say(`downloading ${wheel.requirement} (about 260 MB) with pip`);
  const python = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312', '--platform', wheel.platform];
  return downloadWheel(wheel.requirement, python, wheel.sha256, join(work, 'wheel'));
}

/** Another process finished first: its folder is as good as ours. */
function lostRace(target: string, error: unknown): void {
  if (!existsSync(target)) throw error;
}
