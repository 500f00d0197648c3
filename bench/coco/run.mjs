// Side by side, whole processes, same files: run.mjs [--type all|bbox|segm|keypoints] [--images 5000] [--seed 77] [--repeats 3] [--threads 1]
//   [--python PYTHON] [--gen GEN_PY], or on files that are there: --gt FILE --dt FILE --type bbox|segm|keypoints
// PYTHON has numpy, pycocotools and the evaluators of requirements.txt; those it lacks are left out. GEN_PY is the generator of sets.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const here = import.meta.dirname;
const data = process.env.ESPALIER_DATA ?? join(here, '../../../shared/data');
const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    gt: text,
    dt: text,
    type: { ...text, default: 'all' },
    images: { ...text, default: '5000' },
    seed: { ...text, default: '77' },
    repeats: { ...text, default: '3' },
    threads: { ...text, default: '1' },
    python: { ...text, default: join(here, '../peers/.venv/bin/python') },
    gen: { ...text, default: join(data, '../coco-eval/gen.py') },
  },
});
const { gt, dt, threads, python } = values;
const env = { ...process.env, RAYON_NUM_THREADS: threads, OMP_NUM_THREADS: threads };

/** Most detections of an image: about 463 000, 194 000 and 57 000 in 5000 images. */
const DETECTIONS = { bbox: 100, segm: 36, keypoints: 17 };
const PEERS = ['ultrafast_pycocotools', 'hotcoco'];

const stop = (message) => {
  console.error(message);
  process.exit(2);
};
if (values.type !== 'all' && !(values.type in DETECTIONS)) stop(`--type ${values.type}: all, bbox, segm or keypoints`);
if (Boolean(gt) !== Boolean(dt)) stop('--gt and --dt go together');
if (gt && values.type === 'all') stop('--gt and --dt need --type bbox, segm or keypoints');
if (!gt && !existsSync(values.gen)) stop(`no generator ${values.gen}: name it with --gen, or files with --gt and --dt`);
if (!gt && !existsSync(python)) stop(`no ${python}: name a Python with numpy and pycocotools with --python`);

const has = (name) => existsSync(python) && spawnSync(python, ['-c', `import ${name}`]).status === 0;
const peers = PEERS.filter(has);
for (const name of PEERS) if (!peers.includes(name)) console.log(`${name} is not installed for ${python}: left out`);

function generate(type, folder) {
  mkdirSync(folder);
  const options = ['--images', values.images, '--seed', values.seed, '--dets', String(DETECTIONS[type])];
  const { status, stderr, stdout } = spawnSync(python, [values.gen, folder, type, ...options], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const { images, gts, dts } = JSON.parse(stdout.trim().split('\n').at(-1));
  console.log(`\n${type}: ${images} images, ${gts} truths, ${dts} detections, ${threads} threads`);
  return [join(folder, 'gt.json'), join(folder, 'dt.json')];
}

/** The best of all repeats, which take turns so that a busy machine troubles all alike. */
function compare(type, gtPath, dtPath) {
  const contenders = [['coco-ts', process.execPath, [join(here, 'own.mjs'), gtPath, dtPath, type, threads]]];
  for (const name of peers) contenders.push([name, python, [join(here, 'peers.py'), name, gtPath, dtPath, type]]);
  const best = new Map();
  const stats = new Map();
  for (let i = 0; i < Number(values.repeats); i++) {
    for (const [name, command, args] of contenders) {
      const started = performance.now();
      const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env });
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      const wall = (performance.now() - started) / 1000;
      const run = JSON.parse(stdout.trim().split('\n').at(-1));
      stats.set(name, run.stats);
      const { cpu, wall: least, memory } = best.get(name) ?? { cpu: Infinity, wall: Infinity, memory: Infinity };
      best.set(name, {
        cpu: Math.min(cpu, run.cpu),
        wall: Math.min(least, wall),
        memory: Math.min(memory, run.memory),
      });
    }
  }
  const [own, ...others] = [...best];
  for (const [name, { cpu, wall, memory }] of [own, ...others]) {
    const differs = stats.get(name).some((value, k) => !Object.is(value, stats.get('coco-ts')[k]));
    const figures = `${cpu.toFixed(3)} s CPU  ${wall.toFixed(3)} s wall  ${memory.toFixed(0)} MB`;
    console.log(`${name.padEnd(22)} ${figures}${differs ? '  stats differ from those of coco-ts' : ''}`);
  }
  if (others.length === 0) return;
  const ratio = (key) => own[1][key] / Math.min(...others.map(([, figures]) => figures[key]));
  console.log(
    `coco-ts / best rival: CPU ${ratio('cpu').toFixed(2)}, wall ${ratio('wall').toFixed(2)}, memory ${ratio('memory').toFixed(2)}`,
  );
}

if (gt) compare(values.type, gt, dt);
else {
  const folder = mkdtempSync(join(tmpdir(), 'coco-bench-'));
  try {
    for (const type of values.type === 'all' ? Object.keys(DETECTIONS) : [values.type])
      compare(type, ...generate(type, join(folder, type)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
