/** Mask calls on 500 masks of 640x480: CPU milliseconds, the least of all repeats. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const here = import.meta.dirname;
const REPEATS = '40';
const RIVALS = ['ultrafast_pycocotools', 'hotcoco', 'pycocotools'];

function run(command, ...args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout : { error: stderr.trim().split('\n').at(-1) };
}

/** @returns rows of the table */
export function compareMasks({ python, repeats }, folder) {
  const file = join(folder, 'masks.json');
  const made = run(python, join(here, 'masks.py'), 'make', file);
  if (made.error) throw new Error(made.error);
  const best = new Map();
  for (let round = 0; round < Number(repeats); round++) {
    for (const name of ['coco-ts', ...RIVALS]) {
      const text =
        name === 'coco-ts'
          ? run(process.execPath, join(here, 'ownMasks.mjs'), file, REPEATS)
          : run(python, join(here, 'masks.py'), name, file, REPEATS);
      if (text.error) {
        if (round === 0) console.log(`${name}: ${text.error}`);
        continue;
      }
      const known = best.get(name);
      const times = JSON.parse(text);
      best.set(name, known ? mapValues(times, (value, key) => Math.min(value, known[key])) : times);
    }
  }
  console.log('\nmasks, CPU ms:');
  for (const [name, times] of best)
    console.log(`  ${name.padEnd(22)} ${JSON.stringify(mapValues(times, (value) => Number(value.toFixed(2))))}`);
  const rival = best.get('ultrafast_pycocotools');
  return Object.entries(best.get('coco-ts')).map(([call, own]) => [
    `mask ${call}, 500 of 640x480`,
    `${own.toFixed(2)} ms`,
    rival ? `${rival[call].toFixed(2)} ms ultrafast_pycocotools` : 'none',
    rival ? (own / rival[call]).toFixed(2) : '-',
    '1.00',
  ]);
}

const mapValues = (object, map) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value, key)]));
