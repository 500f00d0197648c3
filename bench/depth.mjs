// npm run bench -- depth [--images 120] [--epochs 24] [--arms dicom,npy,float,8-bit,4-bit] [--faint]: trains configs/radiograph-findings.yaml on
// the drawn 12-bit DICOM files, on the same pixels as NumPy arrays, and on their upper bits, with one seed, and compares mIoU. --faint: findings
// are 4 and 8 of 4096 values brighter than tissue of 2048 to 2051, so that their upper 8 bits are those of the tissue.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { drawRadiographs } from '../dist/datasets/index.js';
import { listFiles } from '../dist/datasets/stated/images.js';
import { readVolume } from '../dist/datasets/volumes/readVolume.js';
import { createRandom, hashName } from '../dist/engine/random.js';

const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    images: { ...text, default: '120' },
    epochs: { ...text, default: '24' },
    arms: { ...text, default: 'dicom,npy,8-bit' },
    faint: { type: 'boolean', default: false },
    out: text,
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = values.out ?? mkdtempSync(join(tmpdir(), 'espalier-depth-'));
const drawn = join(folder, 'dicom');
await drawRadiographs({ out: drawn, images: Number(values.images), seed: 1 });

/** Bits that an arm drops of the twelve. */
const DROPPED = { npy: 0, float: 0, '8-bit': 4, '4-bit': 8 };

if (values.faint) {
  for (const path of await listFiles(drawn)) {
    if (!path.endsWith('.dcm')) continue;
    const file = join(drawn, path);
    const { data: mask } = await readVolume(file.replace(/image\.dcm$/, 'seg.nii'));
    const random = createRandom([1, hashName(path)]);
    const pixels = Uint16Array.from(mask, (label) => 2048 + random.integer(4) + 4 * label);
    [pixels[0], pixels[1]] = [0, 4095];
    const bytes = readFileSync(file);
    bytes.set(new Uint8Array(pixels.buffer), bytes.length - pixels.byteLength); // its last element
    writeFileSync(file, bytes);
  }
}

/** The same cases with their images as arrays. */
async function writeTwin(arm) {
  const dropped = DROPPED[arm];
  for (const path of await listFiles(drawn)) {
    const to = join(folder, arm, path.replace(/\.dcm$/, '.npy'));
    mkdirSync(dirname(to), { recursive: true });
    if (!path.endsWith('.dcm')) {
      copyFileSync(join(drawn, path), to);
      continue;
    }
    const { data, width, height } = await readVolume(join(drawn, path));
    const kept =
      arm === 'float'
        ? Float32Array.from(data)
        : dropped === 0
          ? data
          : Uint8Array.from(data, (value) => value >> dropped);
    writeFileSync(to, npy(kept, [1, height, width]));
  }
}

/** @source numpy.lib.format, version 1.0 */
function npy(data, shape) {
  const descr = data instanceof Uint8Array ? '|u1' : data instanceof Float32Array ? '<f4' : '<u2';
  const header = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117);
  const start = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(`${header}\n`)]);
  return Buffer.concat([start, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]);
}

for (const arm of values.arms.split(',')) {
  if (arm !== 'dicom') await writeTwin(arm);
  const out = join(folder, `run-${arm}`);
  const args = ['--data', join(folder, arm), '--out', out, '--set', `train.epochs=${values.epochs}`, '--no-plots'];
  if (values.faint) args.push('--set', 'data.intensity=percentile');
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(root, 'bin/espalier.js'), 'train', join(root, 'configs/radiograph-findings.yaml'), ...args],
    { encoding: 'utf8' },
  );
  if (status !== 0) {
    console.log(`${arm}: ${stderr.trim().split('\n').at(-1)}`);
    continue;
  }
  const { latest, step, seconds } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8'));
  console.log(`${arm}: ${JSON.stringify(latest.report)} after ${step} steps, ${Math.round(seconds)} s`);
}
