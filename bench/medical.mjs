// npm run bench -- medical [--data ../shared/data] [--sets isbi,cord] [--minutes 10] [--peers ours,nnunet,monai] [--out FOLDER]:
// trains ours (configs/isbi-membrane.yaml, and for the cord what espalier init plans), nnU-Net (nnunetv2, 2-D) and MONAI's U-Net for as
// many minutes on the same slices, one after the other, and compares mIoU and Dice of cases. bench/peers/setup-medical.sh makes the environment.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openData } from '../dist/datasets/index.js';

const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    data: { ...text, default: '../shared/data' },
    sets: { ...text, default: 'isbi,cord' },
    minutes: { ...text, default: '10' },
    peers: { ...text, default: 'ours,nnunet,monai' },
    out: text,
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = values.out ?? mkdtempSync(join(tmpdir(), 'espalier-medical-'));
const python = join(root, 'bench/peers/.venv-medical/bin/python');

/** What is split how: the slices that RESULTS.md measures. */
const SETS = {
  isbi: {
    size: 256,
    config: 'configs/isbi-membrane.yaml',
    root: join(values.data, 'isbi2012_em'),
    splits: { train: '0-23', val: '24-29' },
    data: {
      kind: 'masks',
      images: 'train/image/*.png',
      masks: 'train/label/*.png',
      classes: ['cell', 'membrane'],
      values: { 0: 'membrane', 255: 'cell' },
    },
  },
  cord: {
    size: 64,
    root: join(values.data, 'nifti/sct'),
    splits: { train: ['t1w', 't2s'], val: ['t2'] },
    data: { kind: 'medical', masks: ['seg'], classes: ['background', 'cord'], values: { 0: 'background', 1: 'cord' } },
  },
};

/** @source numpy.lib.format, version 1.0 */
function npy(data, shape) {
  const descr = data instanceof Uint8Array ? '|u1' : '<f4';
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117);
  const start = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(`${header}\n`)]);
  return Buffer.concat([start, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

/** Writes the slices of a set for the peers, in their own values. */
async function writeSlices(name, set) {
  const to = join(folder, name);
  mkdirSync(to, { recursive: true });
  const base = { ...set.data, root: set.root, ...set.splits, intensity: 'none' };
  const train = await openData(base, 'classMap', { split: 'train' });
  for (const split of ['train', 'val']) {
    const dataset =
      split === 'train' ? train : await openData(base, 'classMap', { split: 'val', labels: train.labels });
    const list = [];
    for (let i = 0; i < dataset.size; i++) {
      const { id, image, truth } = await dataset.get(i);
      const channels = image.data.length / truth.mask.length;
      const grey = Float32Array.from(truth.mask, (_, at) => image.data[at * channels]);
      const [file, label] = [`${split}${i}.npy`, `${split}${i}_label.npy`];
      writeFileSync(join(to, file), npy(grey, [image.height, image.width]));
      writeFileSync(join(to, label), npy(truth.mask, [image.height, image.width]));
      list.push({ image: file, label, case: set.data.kind === 'medical' ? id.replace(/\/\d+$/, '') : id });
    }
    writeFileSync(join(to, `${split}.json`), JSON.stringify(list));
  }
  return to;
}

function started(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stderr.slice(-4000)}`);
  return stdout;
}

const espalier = (...args) => started(process.execPath, [join(root, 'bin/espalier.js'), ...args]);

function ours(name, set) {
  const out = join(folder, `run-${name}`);
  const { train, val } = set.splits;
  const splits = ['--set', `data.train=${JSON.stringify(train)}`, '--set', `data.val=${JSON.stringify(val)}`];
  const config = set.config === undefined ? join(folder, `${name}.yaml`) : join(root, set.config);
  if (set.config === undefined) espalier('init', set.root, '--out', config, '--minutes', values.minutes);
  const run = [
    '--data',
    set.root,
    '--out',
    out,
    '--set',
    `train.minutes=${values.minutes}`,
    '--set',
    'train.epochs=null',
    '--no-plots',
    ...splits,
  ];
  espalier('train', config, ...run);
  const measured = JSON.parse(espalier('evaluate', out, '--cases', join(folder, `${name}.csv`), '--json'));
  const { step, seconds } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
  return { peer: 'ours', minutes: seconds / 60, steps: step, ...measured };
}

for (const name of values.sets.split(',')) {
  const set = SETS[name];
  const slices = await writeSlices(name, set);
  for (const peer of values.peers.split(',')) {
    if (peer !== 'ours' && !existsSync(python)) {
      console.log(`${name} ${peer}: bash bench/peers/setup-medical.sh makes its environment`);
      continue;
    }
    const args = [join(root, 'bench/peers/medical.py'), peer, slices, values.minutes, String(set.size)];
    const found = peer === 'ours' ? ours(name, set) : JSON.parse(started(python, args).trim().split('\n').at(-1));
    console.log(`${name}: ${JSON.stringify(found)}`);
  }
}
