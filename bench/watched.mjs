// npm run bench -- watched [--minutes 6] [--seconds 30] [--settle 15]: step times of one training while a page of runs shows it in Chromium, and while none
// does, in windows of some seconds that take turns; the ratio of their medians. The seconds in which
// a page is loaded and first drawn (--settle) are left out.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { CONTROLS } from '../dist/tools/dashboard/controls.js';
import { startDashboard } from '../dist/tools/dashboard/server.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '30' },
    settle: { type: 'string', default: '15' },
    chromium: { type: 'string', default: process.env.ESPALIER_CHROMIUM ?? '/usr/bin/chromium' },
  },
});
const program = join(dirname(fileURLToPath(import.meta.url)), '../bin/espalier.js');
const folder = mkdtempSync(join(tmpdir(), 'espalier-watched-'));
const log = join(folder, 'run', 'events.jsonl');
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

function steps() {
  try {
    return readFileSync(log, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
      .filter(({ event }) => event === 'step');
  } catch {
    return [];
  }
}

const run = (args) => spawn(process.execPath, [program, ...args], { cwd: folder, stdio: 'ignore' });
await new Promise((resolve) => run(['sample', 'cells', '--out', 'cells', '--images', '60']).on('exit', resolve));
writeFileSync(
  join(folder, 'cells.yaml'),
  `data: { kind: coco, root: cells, images: images, train: annotations/train.json, val: annotations/val.json }
model: { preset: efficientdet-lite0, weights: null, inputSize: [256, 256] }
train: { epochs: 1000, minutes: ${values.minutes}, batchSize: 8, workers: 1, evaluateEvery: 1000 }
`,
);
const trainer = run(['train', 'cells.yaml', '--out', 'run']);
let isOver = false;
trainer.on('exit', () => {
  isOver = true;
});
const server = await startDashboard({ root: folder, port: 0, controls: CONTROLS });
const browser = await chromium.launch({ executablePath: values.chromium, args: ['--no-sandbox'] });
while (steps().length < 4 && !isOver) await wait(500);
const windows = [];
for (let isOpen = false; !isOver; isOpen = !isOpen) {
  const tab = isOpen ? await browser.newPage({ viewport: { width: 1600, height: 900 } }) : null;
  await tab?.goto(server.url);
  await wait(Number(values.settle) * 1000); // loading the page and its first drawing
  const from = Date.now();
  await wait(Number(values.seconds) * 1000);
  windows.push({ isOpen, from, to: Date.now() });
  await tab?.close();
}
await browser.close();
await server.close();
const all = steps();
const inside = ({ from, to }) =>
  all
    .filter(({ time }) => Date.parse(time) >= from && Date.parse(time) <= to)
    .slice(1)
    .map(({ ms }) => ms.total ?? ms.compute + ms.data + ms.host);
const whole = windows.slice(0, -1).map((one) => ({ ...one, steps: inside(one) }));
const [open, closed] = [true, false].map((isOpen) =>
  whole.filter((one) => one.isOpen === isOpen).flatMap(({ steps }) => steps),
);
for (const { isOpen, steps } of whole)
  console.log(`${isOpen ? 'open  ' : 'closed'} ${steps.length} steps, ${median(steps)?.toFixed(1)} ms`);
console.log(
  `closed ${median(closed).toFixed(1)} ms of ${closed.length} steps, open ${median(open).toFixed(1)} ms of ${open.length}: ratio ${(median(open) / median(closed)).toFixed(4)}`,
);
rmSync(folder, { recursive: true, force: true });
