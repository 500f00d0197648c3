// Side by side, whole processes: run.mjs --gt FILE --dt FILE --type bbox|segm|keypoints [--python PYTHON] [--repeats 3] [--threads 1]
// PYTHON is an interpreter with numpy, ultrafast-pycocotools and hotcoco (python3 -m venv venv && venv/bin/pip install ...).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    gt: text,
    dt: text,
    type: { ...text, default: 'bbox' },
    python: text,
    repeats: { ...text, default: '3' },
    threads: { ...text, default: '1' },
  },
});
const here = import.meta.dirname;
const { gt, dt, type, threads, python } = values;
if (!gt || !dt) throw new Error('--gt and --dt are needed');

const env = { ...process.env, RAYON_NUM_THREADS: threads, OMP_NUM_THREADS: threads };
const contenders = [['coco-ts', process.execPath, [join(here, 'own.mjs'), gt, dt, type, threads]]];
if (python) {
  for (const name of ['ultrafast_pycocotools', 'hotcoco'])
    contenders.push([name, python, [join(here, 'peers.py'), name, gt, dt, type]]);
}
let reference;
for (const [name, command, args] of contenders) {
  let best = { cpu: Infinity, wall: Infinity, memory: 0 };
  for (let i = 0; i < Number(values.repeats); i++) {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    const run = JSON.parse(stdout.trim().split('\n').at(-1));
    reference ??= run.stats;
    if (run.stats.some((value, k) => !Object.is(value, reference[k])))
      console.log(`${name}: stats differ from those of coco-ts`);
    const wall = (performance.now() - started) / 1000;
    best = {
      cpu: Math.min(best.cpu, run.cpu),
      wall: Math.min(best.wall, wall),
      memory: Math.max(best.memory, run.memory),
    };
  }
  console.log(
    `${name.padEnd(22)} ${best.cpu.toFixed(3)} s CPU  ${best.wall.toFixed(3)} s wall  ${best.memory.toFixed(0)} MB`,
  );
}
