// The calls of masks.py by coco-ts: ownMasks.mjs FILE REPEATS. Prints JSON: CPU milliseconds for each call.
import { readFileSync } from 'node:fs';
import { mask } from '#coco-ts';

const [path, repeats] = process.argv.slice(2);
const { height, width, polygons, counts } = JSON.parse(readFileSync(path, 'utf8'));
const rles = counts.map((text) => ({ size: [height, width], counts: text }));
const stack = mask.decode(rles);
const crowd = rles.map(() => 0);
const calls = {
  encode: () => mask.encode(stack),
  decode: () => mask.decode(rles),
  iou: () => mask.iou(rles, rles, crowd),
  merge: () => rles.slice(1).map((rle, i) => mask.merge([rles[i], rle])),
  frPyObjects: () => mask.frPyObjects(polygons, height, width),
};
const milliseconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const times = Object.entries(calls).map(([name, call]) => {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < Number(repeats); i++) {
    const started = milliseconds();
    call();
    best = Math.min(best, milliseconds() - started);
  }
  return [name, best];
});
console.log(JSON.stringify(Object.fromEntries(times)));
