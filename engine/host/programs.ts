import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';

const ENDINGS = process.platform === 'win32' ? ['.exe', '.com'] : [''];

/** Folders of PATH, without entries that stand for the working folder. */
const folders = (): readonly string[] => (process.env.PATH ?? '').split(delimiter).filter((each) => isAbsolute(each));

/** Whole path of a program, from the absolute folders of PATH; null when none has it. */
export function findProgram(name: string): string | null {
  const files = folders().flatMap((folder) => ENDINGS.map((ending) => join(folder, name + ending)));
  return files.find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** Python's flag by which neither the working folder nor PYTHONPATH and its like add modules. */
export const ISOLATED = '-I';

/** Options for starting a program of the system in a neutral folder, that of Node itself: nothing is looked up where a data set may lie. */
export const elsewhere = (): { readonly cwd: string; readonly env: NodeJS.ProcessEnv } => ({
  cwd: dirname(process.execPath),
  env: { ...process.env, PATH: folders().join(delimiter) },
});
