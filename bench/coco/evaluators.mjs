/** Whole evaluations of one pair of files: coco-ts and the packages, in turns. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;

/** Most detections of an image: about 463 000, 194 000 and 57 000 in 5000 images. */
const DETECTIONS = { bbox: '100', segm: '36', keypoints: '20' };
const RIVALS = ['ultrafast_pycocotools', 'hotcoco', 'vernier', 'faster_coco_eval'];
/** Too slow to take part in every round. */
const ONCE = ['faster_coco_eval', 'pycocotools'];

/** Writes the files of one type. @returns [gt, dt] */
export function generate(type, folder, { python, gen, images, seed }) {
  mkdirSync(folder);
  const options = ['--images', images, '--seed', seed, '--dets', DETECTIONS[type]];
  const { status, stderr, stdout } = spawnSync(python, [gen, folder, type, ...options], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const counts = JSON.parse(stdout.trim().split('\n').at(-1));
  console.log(`\n${type}: ${counts.images} images, ${counts.gts} truths, ${counts.dts} detections, seed ${seed}`);
  return [join(folder, 'gt.json'), join(folder, 'dt.json')];
}

/** vernier reads no results without a box: its file has one in addition. */
function boxed(dt, type, python) {
  const out = dt.replace(/(\.json)?$/, '.boxed.json');
  if (type === 'bbox') return dt;
  if (!existsSync(out)) {
    const { status, stderr } = spawnSync(python, [join(here, 'boxed.py'), dt, out], { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  }
  return out;
}

/** One process. @returns { cpu, wall, memory, stats }, or the end of its error */
function once(name, [gt, dt], type, { python, threads, arrays }) {
  const args = [
    gt,
    name === 'vernier' ? boxed(dt, type, python) : dt,
    type,
    String(threads),
    ...(arrays ? [arrays] : []),
  ];
  const [command, script] = name === 'coco-ts' ? [process.execPath, ['own.mjs']] : [python, ['peers.py', name]];
  const env = { ...process.env, RAYON_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
  const started = performance.now();
  const run = spawnSync(command, [join(here, script[0]), ...script.slice(1), ...args], { encoding: 'utf8', env });
  const wall = (performance.now() - started) / 1000;
  if (run.status !== 0) return { error: run.stderr.trim().split('\n').at(-1) };
  return { wall, ...JSON.parse(run.stdout.trim().split('\n').at(-1)) };
}

/** The least of all rounds, which take turns so that a busy machine troubles all alike. */
function rounds(type, files, options, count) {
  const best = new Map();
  for (let round = 0; round < count; round++) {
    for (const name of ['coco-ts', ...RIVALS]) {
      if (round > 0 && (ONCE.includes(name) || best.get(name).error)) continue;
      const run = once(name, files, type, options);
      const known = best.get(name) ?? run;
      if (run.error) best.set(name, run);
      else {
        const least = (key) => Math.min(known[key], run[key]);
        best.set(name, { cpu: least('cpu'), wall: least('wall'), memory: least('memory'), stats: run.stats });
      }
    }
  }
  return best;
}

function print(title, best) {
  console.log(`${title}:`);
  for (const [name, { cpu, wall, memory, stats, error }] of best) {
    const figures = error ?? `${cpu.toFixed(3)} s CPU  ${wall.toFixed(3)} s wall  ${memory.toFixed(0)} MB`;
    const own = best.get('coco-ts').stats;
    const differs = !error && own.some((value, i) => !Object.is(value, stats[i])) ? '  other stats' : '';
    console.log(`  ${name.padEnd(22)} ${figures}${differs}`);
  }
}

function ratio(best, key, unit, only = RIVALS) {
  const rivals = only.map((name) => [name, best.get(name)?.[key]]).filter(([, value]) => value !== undefined);
  const own = best.get('coco-ts')[key];
  if (rivals.length === 0) return [`${own.toFixed(2)} ${unit}`, 'none', '-'];
  const [name, value] = rivals.reduce((a, b) => (b[1] < a[1] ? b : a));
  return [`${own.toFixed(2)} ${unit}`, `${value.toFixed(2)} ${unit} ${name}`, (own / value).toFixed(2)];
}

/** @returns rows of the table */
export function compareEvaluators(type, files, { python, repeats, cores, folder, reference }) {
  const single = rounds(type, files, { python, threads: 1 }, Number(repeats));
  print('one thread', single);
  const rivals = type === 'bbox' ? ['ultrafast_pycocotools'] : RIVALS;
  const rows = [
    [`${type}, one thread, CPU`, ...ratio(single, 'cpu', 's', rivals), '0.80'],
    [`${type}, peak memory`, ...ratio(single, 'memory', 'MB'), '1.00'],
  ];
  if (cores > 1) {
    const many = rounds(type, files, { python, threads: cores }, Number(repeats));
    print(`${cores} threads`, many);
    rows.push([`${type}, ${cores} threads, wall`, ...ratio(many, 'wall', 's'), type === 'bbox' ? '0.80' : '-']);
    rows.push([`${type}, ${cores} threads, peak memory`, ...ratio(many, 'memory', 'MB'), '1.00']);
  }
  if (reference) rows.push(sameBits(type, files, { python, cores, folder }));
  return rows;
}

/** The arrays of pycocotools, which takes a minute, and those of coco-ts. */
function sameBits(type, files, { python, cores, folder }) {
  const arrays = ['coco-ts', 'pycocotools'].map((name) => join(folder, `${name}.npz`));
  for (const [i, name] of ['coco-ts', 'pycocotools'].entries()) {
    const run = once(name, files, type, { python, threads: i === 0 ? cores : 1, arrays: arrays[i] });
    if (run.error) throw new Error(`${name}: ${run.error}`);
    if (i === 1) console.log(`pycocotools              ${run.cpu.toFixed(3)} s CPU  ${run.memory.toFixed(0)} MB`);
  }
  const { stdout, stderr, status } = spawnSync(python, [join(here, 'equal.py'), ...arrays], { encoding: 'utf8' });
  return [`${type}, arrays of pycocotools`, status === 0 ? stdout.trim() : stderr.trim(), '-', '-', 'equal'];
}
