// npm run bench -- crops ROOT OUT [MOST]: cuts the objects of a data set with boxes out of their images, into class folders:
// OUT/{train,val,test}/CLASS/IMAGE-n.png. MOST objects of a class and image at most (2), the largest first; each is the square around
// its box, a tenth wider, as far as the image goes. Objects under 12 pixels a side are left out.
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { encodePng, openData } from '../dist/datasets/index.js';

const [root, out, most = '2'] = process.argv.slice(2);
const [MARGIN, LEAST] = [0.1, 12];

/** The square around a box, inside the image. */
function squareOf([x1, y1, x2, y2], { width, height }) {
  const side = Math.min(width, height, Math.round(Math.max(x2 - x1, y2 - y1) * (1 + MARGIN)));
  const at = (middle, end) => Math.max(0, Math.min(end - side, Math.round(middle - side / 2)));
  return { left: at((x1 + x2) / 2, width), top: at((y1 + y2) / 2, height), side };
}

function cut({ data, width }, { left, top, side }) {
  const pixels = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * 3;
    pixels.set(data.subarray(from, from + side * 3), y * side * 3);
  }
  return { data: pixels, width: side, height: side };
}

let labels;
for (const split of ['train', 'val', 'test']) {
  const dataset = await openData({ root }, 'boxes', labels ? { split, labels } : { split }).catch((error) => {
    if (split === 'train') throw error;
    return null;
  });
  if (dataset === null) continue;
  labels = dataset.labels;
  const counts = new Map(labels.classes.map(({ name }) => [name, 0]));
  for await (const { id, image, truth } of dataset) {
    const taken = new Map();
    const order = [...truth.labels.keys()].sort((a, b) => truth.areas[b] - truth.areas[a]);
    for (const m of order) {
      const box = truth.boxes.subarray(m * 4, m * 4 + 4);
      const { name } = labels.classes[truth.labels[m]];
      if (truth.ignored[m] === 1 || Math.min(box[2] - box[0], box[3] - box[1]) < LEAST) continue;
      const n = taken.get(name) ?? 0;
      if (n >= Number(most)) continue;
      taken.set(name, n + 1);
      counts.set(name, counts.get(name) + 1);
      const folder = join(out, split, name);
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        join(folder, `${basename(id).replace(/\.[^.]*$/, '')}-${n}.png`),
        encodePng(cut(image, squareOf(box, image))),
      );
    }
  }
  console.log(split, Object.fromEntries(counts));
}
