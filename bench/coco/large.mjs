/** Loading an annotation file of 600 MB, longer than a JavaScript string can be. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BYTES = 600e6;
const IMAGES = 5000;

/** Instances with polygons, as COCO has them. */
function write(path) {
  const file = openSync(path, 'w');
  const image = (i) => `{"file_name": "${String(i).padStart(12, '0')}.jpg", "height": 480, "width": 640, "id": ${i}}`;
  const images = Array.from({ length: IMAGES }, (_, i) => image(i + 1));
  let written = writeSync(file, `{"images": [${images.join(', ')}], "annotations": [`);
  let state = 1;
  // A linear congruential generator: the same file every time.
  const next = (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * below;
  };
  for (let id = 1; written < BYTES; ) {
    let text = '';
    for (let n = 0; n < 2000; n++, id++) {
      const points = Array.from({ length: 2 * Math.floor(6 + next(40)) }, () => next(480).toFixed(2)).join(', ');
      const box = [next(400), next(300), next(200), next(150)].map((value) => value.toFixed(2)).join(', ');
      const rest = `"area": ${next(9000).toFixed(4)}, "iscrowd": 0, "image_id": ${Math.floor(1 + next(IMAGES))}`;
      text += `${id > 1 ? ', ' : ''}{"segmentation": [[${points}]], ${rest}, "bbox": [${box}], "category_id": ${Math.floor(1 + next(80))}, "id": ${id}}`;
    }
    written += writeSync(file, text);
  }
  const categories = Array.from({ length: 80 }, (_, i) => `{"id": ${i + 1}, "name": "class${i + 1}"}`);
  writeSync(file, `], "categories": [${categories.join(', ')}]}`);
  closeSync(file);
}

/** @returns rows of the table */
export function loadLarge(folder) {
  const path = join(folder, 'large.json');
  write(path);
  const script = `
    import { CocoFile } from '#coco-ts';
    const started = performance.now();
    const coco = await CocoFile.open(${JSON.stringify(path)});
    const seconds = (performance.now() - started) / 1000;
    const rows = coco.columns.table.count;
    console.log(JSON.stringify({ seconds, rows, memory: process.resourceUsage().maxRSS / 1024 }));`;
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  const { seconds, rows, memory } = JSON.parse(run.stdout);
  console.log(`\nload: ${(statSync(path).size / 1e6).toFixed(0)} MB, ${rows} annotations`);
  return [
    ['load 600 MB, wall', `${seconds.toFixed(2)} s`, '-', '-', '8 s'],
    ['load 600 MB, peak memory', `${memory.toFixed(0)} MB`, '-', '-', '400 MB'],
  ];
}
