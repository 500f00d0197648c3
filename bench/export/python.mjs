/**
 * node bench/export/python.mjs RUN PYTHON IMAGE...: exports a run to ONNX and asks examples/boxes.py, in a Python with
 * onnxruntime, numpy and Pillow, for the boxes that `espalier predict` finds; prints how far they are apart.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [run, python, ...images] = process.argv.slice(2);
const THRESHOLD = '0.05';
const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-python-'));
const file = join(folder, 'model.onnx');
const espalier = (...args) =>
  execFileSync(process.execPath, [path('bin/espalier.js'), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

espalier('export', run, '--out', file);
const own = JSON.parse(espalier('predict', run, ...images, '--out', folder, '--threshold', THRESHOLD, '--json'));
let [count, box, score] = [0, 0, 0];
for (const [i, image] of images.entries()) {
  const lines = execFileSync(python, [path('examples/boxes.py'), file, image, THRESHOLD], { encoding: 'utf8' });
  const found = lines
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const wanted = own[i].detections;
  if (found.length !== wanted.length) throw new Error(`${image}: ${found.length} boxes, wanted ${wanted.length}`);
  // Boxes whose scores differ in the last digits may come in another order.
  const left = new Set(found);
  for (const each of wanted) {
    const apart = (other) => Math.max(...each.box.map((edge, side) => Math.abs(edge - other.box[side])));
    const alike = [...left].filter(({ label }) => label === each.label).sort((a, b) => apart(a) - apart(b));
    const [nearest] = alike;
    if (!nearest) throw new Error(`${image}: no ${each.label} is left for [${each.box}]`);
    left.delete(nearest);
    score = Math.max(score, Math.abs(nearest.score - each.score));
    box = Math.max(box, apart(nearest));
    count++;
  }
}
console.log(
  `${images.length} images, ${count} boxes: edges at most ${box.toExponential(1)} pixels apart, scores ${score.toExponential(1)}`,
);
