// npm run bench -- augmentation [COCO_FOLDER]: what a training image of 320 x 320 pixels costs a thread, by what is done to it.
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { drawCells, openData } from '../dist/datasets/index.js';
import { createLoader } from '../dist/datasets/loader/index.js';
import { plain } from '../dist/datasets/transforms/index.js';

const [given] = process.argv.slice(2);
const root = given ?? join(tmpdir(), 'espalier-bench-augmentation');
if (!given) await drawCells({ out: root, images: 40, seed: 1 });
const data = await openData(
  { kind: 'coco', root, ...(given ? {} : { images: 'images', train: 'annotations/train.json' }) },
  'boxes',
  {
    split: 'train',
  },
);

const SIZE = 320;
const base = {
  ...plain([SIZE, SIZE], [124, 116, 104]),
  scale: [0.7, 1.6],
  flipHorizontal: 0.5,
  color: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.02 },
};
const mosaic = { mosaic: { probability: 0.5 } };
const CASES = {
  'letterbox alone': plain([SIZE, SIZE]),
  'flips, scale and colour': base,
  'detection-v0': { ...base, policy: 'detection-v0' },
  'detection-v3': { ...base, policy: 'detection-v3' },
  'rand-m9-mstd0.5': { ...base, policy: 'rand-m9-mstd0.5' },
  nnunet: { ...base, policy: 'nnunet' },
  'mosaic 0.5': { ...base, mixing: mosaic },
  'detection-v0, mosaic 0.5': { ...base, policy: 'detection-v0', mixing: mosaic },
};

/** Milliseconds of processor time a batch image, decoded images kept. */
async function measure(augment, epochs) {
  const options = { entries: data.entries, encoder: null, augment, batchSize: 4, workers: 0, cacheBytes: 2 ** 30 };
  const loader = createLoader(options);
  let [images, used] = [0, 0];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const before = process.cpuUsage();
    for await (const batch of loader.batches(epoch)) {
      if (epoch > 0) images += batch.ids.length;
      batch.release();
    }
    const { user, system } = process.cpuUsage(before);
    if (epoch > 0) used += (user + system) / 1000;
  }
  await loader.dispose();
  return used / images;
}

const best = new Map();
for (let round = 0; round < 3; round++) {
  for (const [name, augment] of Object.entries(CASES)) {
    best.set(name, Math.min(best.get(name) ?? Number.POSITIVE_INFINITY, await measure(augment, 4)));
  }
}
const reference = best.get('flips, scale and colour');
console.log(`${data.size} images of ${root}, ${SIZE} x ${SIZE}, one thread of ${cpus()[0].model}, best of 3\n`);
console.log('| augmentation | ms an image | against flips, scale and colour |\n| --- | ---: | ---: |');
for (const [name, each] of best) console.log(`| ${name} | ${each.toFixed(2)} | ${(each / reference).toFixed(2)} |`);
