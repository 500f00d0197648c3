// Random sets against pycocotools, to the bit: fuzz.mjs [--sets 1000] [--first 0] [--python PYTHON]. PYTHON has pycocotools and numpy.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { COCO, COCOeval, CocoFile, saveEval } from '#coco-ts';
import { PYTHON } from '../turns.mjs';

const here = import.meta.dirname;
const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    sets: { ...text, default: '1000' },
    first: { ...text, default: '0' },
    python: { ...text, default: PYTHON },
  },
});
const [first, count] = [Number(values.first), Number(values.sets)];
const folder = mkdtempSync(join(tmpdir(), 'coco-fuzz-'));

function python(script, ...args) {
  const { status, stderr, error } = spawnSync(values.python, [join(here, script), ...args], { encoding: 'utf8' });
  if (status !== 0) throw new Error(error?.message ?? stderr);
}

/** The first place where the bits differ. */
function difference(actual, packed) {
  const bytes = new Uint8Array(Buffer.from(packed, 'base64'));
  const expected = new Float64Array(bytes.buffer);
  if (actual.length !== expected.length) return `${actual.length} values, not ${expected.length}`;
  const i = expected.findIndex((value, at) => !Object.is(value, actual[at]));
  return i < 0 ? null : `[${i}] is ${actual[i]}, not ${expected[i]}`;
}

function stream(gt, results, wanted) {
  const evaluation = new COCOeval(gt, null, wanted.type);
  Object.assign(evaluation.params, wanted.params);
  for (const image of gt.getImgIds()) {
    const dts = results.filter((result) => result.image_id === image);
    evaluation.add(image, gt.imgToAnns.get(image) ?? [], dts);
  }
  evaluation.accumulate();
  evaluation.summarize();
  return evaluation;
}

async function* evaluations(n, wanted) {
  const [gtPath, dtPath] = ['gt', 'dt'].map((side) => join(folder, `${n}.${side}.json`));
  const objects = new COCO(JSON.parse(readFileSync(gtPath, 'utf8')));
  const results = JSON.parse(readFileSync(dtPath, 'utf8'));
  const columns = await CocoFile.open(gtPath);
  const sides = { columns: [columns, columns.loadRes(dtPath)], objects: [objects, objects.loadRes(results)] };
  for (const [way, [gt, dt]] of Object.entries(sides)) {
    const evaluation = new COCOeval(gt, dt, wanted.type);
    Object.assign(evaluation.params, wanted.params);
    evaluation.evaluate();
    evaluation.accumulate();
    evaluation.summarize();
    yield [way, evaluation];
  }
  if (wanted.params.useCats !== 0) yield ['added one by one', stream(objects, results, wanted)];
}

let wrong = 0;
const kinds = {};
try {
  python('fuzz.py', folder, String(first), String(count));
  for (let n = first; n < first + count; n++) {
    const wanted = JSON.parse(readFileSync(join(folder, `${n}.json`), 'utf8'));
    kinds[wanted.type] = (kinds[wanted.type] ?? 0) + 1;
    for await (const [way, evaluation] of evaluations(n, wanted)) {
      const arrays = { ...evaluation.eval, stats: evaluation.stats };
      for (const name of ['precision', 'recall', 'scores', 'stats']) {
        const found = difference(arrays[name], wanted[name]);
        if (found === null) continue;
        wrong++;
        console.log(`set ${n} (${wanted.type}, ${way}): ${name}${found}`);
      }
      if (n === first) {
        writeFileSync(join(folder, 'eval.npz'), saveEval(evaluation));
        writeFileSync(join(folder, 'lines.txt'), evaluation.summarize().join('\n'));
      }
    }
  }
  python('read_npz.py', join(folder, 'eval.npz'), join(folder, 'lines.txt'));
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${count} sets (${JSON.stringify(kinds)}): ${wrong === 0 ? 'every bit equal' : `${wrong} arrays differ`}`);
process.exitCode = wrong === 0 ? 0 : 1;
