// Images a second of our loader: ours.mjs FOLDER BATCHES.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLoader } from '../../dist/datasets/loader/index.js';

const [folder, count] = [process.argv[2], Number(process.argv[3])];
const truth = { kind: 'labels', labels: new Int32Array(0), isExclusive: true };
const entries = readdirSync(folder)
  .sort()
  .map((id) => ({ id, file: join(folder, id), truth, width: 640, height: 480 }));
const loader = createLoader({
  entries,
  encoder: null,
  augment: {
    size: [512, 512],
    fit: 'letterbox',
    scale: [1, 1],
    flipHorizontal: 0.5,
    flipVertical: 0,
    rotate90: 0,
    color: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.02 },
    fill: [124, 116, 104],
    minVisible: 0.3,
  },
  batchSize: 16,
  workers: 2,
});
let [seen, started] = [0, 0];
for (let epoch = 0; seen < count + 2; epoch++) {
  for await (const batch of loader.batches(epoch)) {
    seen++;
    batch.release();
    if (seen === 2) started = performance.now();
    if (seen >= count + 2) break;
  }
}
console.log((count * 16) / ((performance.now() - started) / 1000));
await loader.dispose();
