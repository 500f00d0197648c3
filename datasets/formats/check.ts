import { existsSync } from 'node:fs';
import type { CommonData, DataProblem } from './format.js';

/** Problems of splits that name files which do not exist. @param fileOf path of what a split names; null: it names no file */
export function missingFile(data: CommonData, fileOf: (name: string) => string | null): readonly DataProblem[] {
  return (['train', 'val', 'test'] as const).flatMap((split) => {
    const said = data[split];
    const names = typeof said === 'string' ? [said] : Array.isArray(said) ? said : [];
    return names.flatMap((name) => {
      const file = fileOf(name);
      return file === null || existsSync(file)
        ? []
        : [{ path: [split], message: `'${file}' does not exist`, missing: file }];
    });
  });
}
