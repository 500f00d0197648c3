// Everything side by side, whole processes, same files: run.mjs [--parts bbox,segm,keypoints,masks,load] [--images 5000] [--seed 77]
//   [--repeats 3] [--reference] [--python PYTHON] [--gen GEN_PY], or on files that are there: --gt FILE --dt FILE --parts bbox|segm|keypoints
// --reference also compares every bit with pycocotools, which takes minutes. PYTHON has numpy, pycocotools and the evaluators of
// requirements.txt; those it lacks are left out. GEN_PY is the generator of sets.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PYTHON } from '../turns.mjs';
import { compareEvaluators, generate } from './evaluators.mjs';
import { loadLarge } from './large.mjs';
import { compareMasks } from './masks.mjs';

const here = import.meta.dirname;
const data = process.env.ESPALIER_DATA ?? join(here, '../../../shared/data');
const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    gt: text,
    dt: text,
    parts: { ...text, default: 'bbox,segm,keypoints,masks,load' },
    images: { ...text, default: '5000' },
    seed: { ...text, default: '77' },
    repeats: { ...text, default: '3' },
    reference: { type: 'boolean', default: false },
    python: { ...text, default: PYTHON },
    gen: { ...text, default: join(data, '../coco-eval/gen.py') },
  },
});

const TYPES = ['bbox', 'segm', 'keypoints'];
const parts = values.parts.split(',');

const stop = (message) => {
  console.error(message);
  process.exit(2);
};
const unknown = parts.find((part) => ![...TYPES, 'masks', 'load'].includes(part));
if (unknown) stop(`--parts ${unknown}: bbox, segm, keypoints, masks, load`);
if (Boolean(values.gt) !== Boolean(values.dt)) stop('--gt and --dt go together');
if (values.gt && !TYPES.includes(values.parts)) stop('--gt and --dt need --parts bbox, segm or keypoints');
if (!existsSync(values.python)) stop(`no ${values.python}: run bash bench/peers/setup.sh, or name one with --python`);
if (!values.gt && parts.some((part) => TYPES.includes(part)) && !existsSync(values.gen))
  stop(`no generator ${values.gen}: name it with --gen, or files with --gt and --dt`);

const rows = [];
const folder = mkdtempSync(join(tmpdir(), 'coco-bench-'));
try {
  for (const type of TYPES.filter((name) => parts.includes(name))) {
    const files = values.gt ? [values.gt, values.dt] : generate(type, join(folder, type), values);
    rows.push(...compareEvaluators(type, files, { ...values, folder, cores: availableParallelism() }));
    if (!values.gt) rmSync(join(folder, type), { recursive: true });
  }
  if (parts.includes('masks')) rows.push(...compareMasks(values, folder));
  if (parts.includes('load')) rows.push(...(await loadLarge(folder)));
} finally {
  rmSync(folder, { recursive: true });
}
console.log('\n| what | coco-ts | best rival | ratio | must reach |\n| --- | --- | --- | --- | --- |');
for (const row of rows) console.log(`| ${row.join(' | ')} |`);
