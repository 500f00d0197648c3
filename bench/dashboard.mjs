// npm run bench -- dashboard: how long the page of runs takes to list 100 runs and to load 10,000 steps, what a log of a gigabyte does to
// memory, and how many hashes of images are compared in a second.
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { alikeGroups } from '../dist/datasets/pictures/index.js';
import { createRandom } from '../dist/engine/random.js';
import { CONTROLS } from '../dist/tools/dashboard/controls.js';
import { startDashboard } from '../dist/tools/dashboard/server.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
const time = '2026-01-01T00:00:00.000Z';
const line = (event) => `${JSON.stringify({ time, ...event })}\n`;
const start = line({
  event: 'start',
  step: 0,
  run: 'x',
  engine: 'tensorflow',
  threads: null,
  versions: {},
  steps: 10_000,
  stepsPerEpoch: 100,
  learningRate: 0.01,
});
const step = (n) =>
  line({
    event: 'step',
    step: n,
    epoch: Math.ceil(n / 100),
    losses: { total: 1 / n, classes: 0.5 / n, boxes: 0.5 / n },
    gradientNorm: 1.234567,
    learningRate: 0.0123,
    ms: { data: 1.5, compute: 100.25, host: 0.5 },
  });
const evaluation = (n) =>
  line({
    event: 'evaluation',
    step: n,
    epoch: 1,
    weights: 'ema',
    seconds: 3,
    report: {
      AP: 0.5,
      AP50: 0.8,
      perClass: Array.from({ length: 80 }, (_, i) => ({ name: `class ${i}`, AP: 0.5, AP50: 0.8 })),
    },
  });

/** A run of so many steps, with an evaluation every 500. */
function makeRun(name, steps) {
  const path = join(folder, name);
  mkdirSync(path);
  let text = start;
  for (let n = 1; n <= steps; n++) text += step(n) + (n % 500 === 0 ? evaluation(n) : '');
  writeFileSync(join(path, 'events.jsonl'), text);
  writeFileSync(join(path, 'config.json'), '{}');
  return path;
}

/** Seconds until the whole history of a run has come. */
async function load(url, run) {
  const from = performance.now();
  const response = await fetch(`${url}api/events?run=${run}`);
  let bytes = 0;
  let tail = '';
  for await (const part of response.body) {
    bytes += part.length;
    tail = (tail + new TextDecoder().decode(part)).slice(-20_000_000);
    if (/event: history\ndata: .*\n\n$/s.test(tail)) break;
  }
  return { seconds: (performance.now() - from) / 1000, bytes };
}

const report = (what, value) => console.log(`${what.padEnd(58)} ${value}`);
try {
  for (let i = 0; i < 100; i++) makeRun(`run-${i}`, i === 0 ? 10_000 : 1000);
  const page = await startDashboard({ root: folder, port: 0, controls: CONTROLS });
  for (const again of ['first', 'again']) {
    const from = performance.now();
    const rows = await (await fetch(`${page.url}api/runs`)).json();
    report(`table of ${rows.length} runs, ${again}, s`, ((performance.now() - from) / 1000).toFixed(3));
  }
  const { seconds, bytes } = await load(page.url, 'run-0');
  report('10,000 steps, s', `${seconds.toFixed(3)} (${(bytes / 2 ** 20).toFixed(1)} MiB sent)`);

  const huge = openSync(join(makeRun('huge', 1), 'events.jsonl'), 'a');
  const block = Array.from({ length: 20_000 }, (_, i) => step(i + 2)).join('');
  for (let written = 0; written < 2 ** 30; written += block.length) writeSync(huge, block);
  await new Promise((resolve) => setTimeout(resolve, 500)); // connections that were kept end
  const before = process.memoryUsage().rss;
  const big = await load(page.url, 'huge');
  const grown = (process.memoryUsage().rss - before) / 2 ** 20;
  report(
    'a log of 1 GiB, s',
    `${big.seconds.toFixed(1)} (${(big.bytes / 2 ** 20).toFixed(1)} MiB sent, memory grew by ${grown.toFixed(0)} MiB)`,
  );
  await page.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Hashes of which neighbours fall alike, as those of images do. */
function makePrints(count, isSkewed) {
  const random = createRandom([count]);
  const half = () => (isSkewed ? (random.integer(2 ** 32) & random.integer(2 ** 32)) >>> 0 : random.integer(2 ** 32));
  return Array.from({ length: count }, () => ({
    hash: [half(), half()],
    cells: Float32Array.from({ length: 256 }, () => random.integer(2) / 8 - 1 / 16),
    aspect: 1,
  }));
}
for (const isSkewed of [false, true]) {
  const prints = makePrints(100_000, isSkewed);
  const from = performance.now();
  const groups = alikeGroups([...prints, ...prints.slice(0, 1000)]);
  report(
    `101,000 hashes${isSkewed ? ' of which a quarter of the bits is set' : ''}, s`,
    `${((performance.now() - from) / 1000).toFixed(2)} (${groups.length} of 1000 pairs found)`,
  );
}
