import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { NOUNS } from '../../datasets/formats/format.js';
import { FORMATS } from '../../datasets/formats/index.js';
import { readingSchema } from '../../heads/answers/answers.js';
import { HEAD_KINDS, TASK_NAMES } from '../../heads/index.js';
import { WEIGHT_TASKS } from '../../pretrained/index.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Folders, and the names of what they own: elsewhere nothing is compared with these. */
const OWNED: { readonly [folder: string]: readonly string[] } = {
  'datasets/': [...FORMATS.map(({ kind }) => kind), ...Object.keys(NOUNS), 'segmentation'], // of DICOM: an object that holds masks
  'pretrained/': WEIGHT_TASKS,
  'heads/': [
    ...TASK_NAMES,
    ...HEAD_KINDS,
    ...readingSchema.def.options.map(({ shape }) => [...shape.kind.def.values][0] ?? ''),
  ],
};

/** Places that compare a kind with a name of another folder, as `file:line`. */
function strangers(file: string, text: string): string[] {
  const names = Object.entries(OWNED).flatMap(([folder, own]) => (file.startsWith(folder) ? [] : own));
  const owned = Object.entries(OWNED).flatMap(([folder, own]) => (file.startsWith(folder) ? own : []));
  const asked = names.filter((name) => !owned.includes(name)).join('|');
  const rule = new RegExp(
    `\\b(kind|task|format|truth|head|name)\\b\\)? (===|!==) '(${asked})'|case '(${asked})':|'(classMap|detections)' in `,
  );
  return text.split('\n').flatMap((line, i) => (rule.test(line) ? [`${file}:${i + 1}`] : []));
}

describe('a kind is asked what it is like, not whether it is one of those that somebody knew', () => {
  it('finds a comparison outside of the folder that owns the name, and none inside', () => {
    const text =
      "const a = 1;\nif (truth.kind === 'boxes') a();\nswitch (task) {\n  case 'detection':\n}\nif ('classMap' in found) b();\n";
    expect(strangers('tools/a.ts', text)).toEqual(['tools/a.ts:2', 'tools/a.ts:4', 'tools/a.ts:6']);
    expect(strangers('datasets/a.ts', text)).toEqual(['datasets/a.ts:4', 'datasets/a.ts:6']);
    expect(strangers('heads/a.ts', text)).toEqual(['heads/a.ts:6']);
  });

  it('holds of every file', () => {
    const { stdout } = spawnSync('git', ['ls-files', '*.ts'], { cwd: root, encoding: 'utf8' });
    const files = stdout.split('\n').filter((file) => /^(?!test\/|coco-ts\/|bench\/|examples\/).*\.ts$/.test(file));
    expect(files.length).toBeGreaterThan(800);
    expect(files.flatMap((file) => strangers(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
  });
});
