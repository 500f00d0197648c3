// npm run bench -- page [--blocks 8] [--seconds 20] [--engine tensorflow] [--apart]: how much longer a step of a training takes while its
// page is open. Within one training a visible page of headless Chromium is opened and closed again and again, in the order closed, open, open,
// closed, so that what drifts cancels; what is left out: the seconds in which it loads, and steps beside an evaluation or a checkpoint.
// --apart: the page comes from `espalier dashboard`, not from the trainer itself. Prints the ratio with its 95 % interval over the blocks.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { drawCells } from '../dist/datasets/index.js';
import { createRandom } from '../dist/engine/random.js';

const { values: options } = parseArgs({
  options: {
    blocks: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '20' },
    engine: { type: 'string', default: 'tensorflow' },
    apart: { type: 'boolean', default: false },
  },
});
const [blocks, seconds] = [Number(options.blocks), Number(options.seconds)];
/** Seconds after a page was opened or closed that are left out. */
const SETTLE = 6;
const program = join(dirname(fileURLToPath(import.meta.url)), '../bin/espalier.js');
const folder = mkdtempSync(join(tmpdir(), 'espalier-bench-'));
const run = join(folder, 'run');
const config = `
data: { kind: coco, root: sample, images: images, train: annotations/train.json, val: annotations/val.json }
model: { preset: efficientdet-lite0, weights: null, inputSize: [256, 320] }
train: { epochs: 100000, batchSize: 4, evaluateEvery: 20, checkpointEvery: 100000 }
`;
const executablePath =
  process.env.ESPALIER_CHROMIUM ??
  (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((place) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(place, name)))
    .find((file) => existsSync(file));

/** A command of espalier, and what it said on standard error. */
function start(...args) {
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
  const address = async () => {
    for (;;) {
      const found = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+\//.exec(text)?.[0];
      if (found) return found;
      if (child.exitCode !== null) throw new Error(`espalier ${args.join(' ')}: ${text}`);
      await sleep(100);
    }
  };
  return { child, ended, address };
}

const eventsOf = () =>
  readFileSync(join(run, 'events.jsonl'), 'utf8')
    .split('\n')
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line)] : []));
const stepsOf = () =>
  existsSync(join(run, 'events.jsonl')) ? eventsOf().filter(({ event }) => event === 'step').length : 0;

/** Seconds of processor time of Chromium's processes so far: those of this program's children and theirs. */
function processorSeconds(pid) {
  const parents = new Map();
  const times = new Map();
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      parents.set(Number(name), Number(fields[1]));
      times.set(Number(name), (Number(fields[11]) + Number(fields[12])) / 100);
    } catch {
      // it has ended
    }
  }
  const isOf = (id) => id === pid || (parents.has(id) && id > 1 && isOf(parents.get(id)));
  return [...times].reduce((sum, [id, time]) => sum + (isOf(id) ? time : 0), 0);
}

await drawCells({ out: join(folder, 'sample'), images: 48, seed: 1 });
writeFileSync(join(folder, 'cells.yaml'), config);
const trainer = start('train', 'cells.yaml', '--out', run, '--engine', options.engine, '--no-plots', '--dashboard');
if (options.apart) await sleep(5000); // the folder is there
const page = options.apart ? start('dashboard', run) : trainer;
const server = await chromium.launchServer({ executablePath, headless: true, args: ['--no-sandbox'] });
const browser = await chromium.connect(server.wsEndpoint());
const windows = [];
try {
  const url = await page.address();
  while (stepsOf() < 60) await sleep(500); // compiled, measured once
  for (let block = 0; block < blocks; block++) {
    for (const isOpen of [false, true, true, false]) {
      const tab = isOpen ? await browser.newPage({ viewport: { width: 1600, height: 900 } }) : null;
      if (tab) await tab.goto(url);
      await sleep(SETTLE * 1000);
      const [from, used] = [Date.now(), processorSeconds(server.process().pid)];
      await sleep(seconds * 1000);
      const share = (processorSeconds(server.process().pid) - used) / seconds;
      windows.push({ block, isOpen, from, to: Date.now(), share });
      await tab?.close();
    }
    console.error(`block ${block + 1} of ${blocks}`);
  }
} finally {
  await browser.close();
  await server.close();
  if (page !== trainer) page.child.kill('SIGINT');
  trainer.child.kill('SIGINT');
  await trainer.ended;
}

/** Milliseconds between steps that follow each other without anything in between. */
const events = eventsOf();
const durations = events.flatMap(({ event, time }, i) => {
  const before = events[i - 1];
  const to = Date.parse(time);
  return event === 'step' && before?.event === 'step'
    ? [{ from: Date.parse(before.time), to, ms: to - Date.parse(before.time) }]
    : [];
});
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const within = ({ from, to }) => durations.filter((one) => one.from >= from && one.to <= to).map(({ ms }) => ms);
const timeOf = (block, isOpen) =>
  mean(windows.filter((one) => one.block === block && one.isOpen === isOpen).flatMap(within));
const ratios = Array.from({ length: blocks }, (_, block) => timeOf(block, true) / timeOf(block, false));
const random = createRandom([1]);
const drawn = Array.from({ length: 2000 }, () => mean(ratios.map(() => ratios[random.integer(blocks)]))).sort(
  (a, b) => a - b,
);
const closed = mean(ratios.map((_, block) => timeOf(block, false)));
const share = mean(windows.filter(({ isOpen }) => isOpen).map((one) => one.share));
const percent = (ratio) => `${(100 * (ratio - 1)).toFixed(2)} %`;
console.log(`a step without a page: ${closed.toFixed(1)} ms; ${blocks} blocks, ${durations.length} steps`);
console.log(
  `with the page open it takes ${percent(mean(ratios))} longer (95 % between ${percent(drawn[50])} and ${percent(drawn[1949])})`,
);
console.log(`ratios of the blocks: ${ratios.map((ratio) => ratio.toFixed(4)).join(' ')}`);
console.log(`Chromium took ${(100 * share).toFixed(1)} % of a core while the page was open`);
rmSync(folder, { recursive: true, force: true });
