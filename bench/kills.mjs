// npm run bench -- kills [--kills 25] [--engine wasm]: trains a detector, kills it at random moments, half of them while it
// writes, resumes it each time, and compares the end with an undisturbed run: same bits, and no file that is not the run's.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCheckpoint } from '../dist/node.js';

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '25' }, engine: { type: 'string', default: 'tensorflow' } },
});
const kills = Number(values.kills);
const program = fileURLToPath(new URL('../bin/espalier.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'espalier-kills-'));
const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];

/** Resolves to the exit status, or the signal; `watch` may end the process. */
function run(args, watch) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const stop = watch?.(() => child.kill('SIGKILL'));
  return new Promise((resolve) => {
    child.on('close', (status, signal) => {
      stop?.();
      resolve({ end: signal ?? status, errors });
    });
  });
}

const entries = (at) => (existsSync(at) ? readdirSync(at, { recursive: true, encoding: 'utf8' }).sort() : []);
/** Of checkpoints alone, which takes microseconds: a look at every file of the run would miss most writes. */
const partials = () => {
  const at = join(killed, 'checkpoints');
  return existsSync(at) ? readdirSync(at).filter((name) => name.endsWith('.partial')) : [];
};

/** Looks as often as it can: at a file that is being written it kills at once; `random`: after so many milliseconds. */
function killer(random) {
  return (kill) => {
    const timer = random === null ? setInterval(() => partials().length > 0 && kill(), 0) : setTimeout(kill, random);
    return () => clearInterval(timer);
  };
}

await run(['sample', 'cells', '--out', join(folder, 'cells'), '--images', '12', '--seed', '3']);
writeFileSync(
  join(folder, 'cells.yaml'),
  `task: detection
data: { kind: coco, root: ${join(folder, 'cells')}, images: images, train: annotations/train.json, val: annotations/val.json }
model: { preset: efficientdet-lite0, inputSize: [64, 64], neckChannels: 16, neckRepeats: 1, dropPath: 0.2 }
train: { epochs: 60, batchSize: 4, warmupSteps: 2, checkpointEvery: 1, evaluateEvery: 5, workers: 1, seed: 4 }
`,
);
const train = (out) => ['train', join(folder, 'cells.yaml'), '--out', out, '--engine', values.engine];
const started = performance.now();
const { end, errors } = await run(train(whole));
if (end !== 0) throw new Error(`the undisturbed run ended with ${end}: ${errors}`);
const duration = performance.now() - started;

let [done, writes] = [0, 0];
for (let number = 0; number < kills; number++) {
  const random = number % 2 === 0 ? Math.random() * 0.2 * duration : null;
  const { end: how, errors: said } = await run([...train(killed), '--resume'], killer(random));
  if (how === 0) break; // it came to its end before the kill
  if (how !== 'SIGKILL') throw new Error(`kill ${number + 1}: the run ended with ${how}: ${said}`);
  done++;
  if (partials().length > 0) writes++;
}
const last = await run([...train(killed), '--resume']);
if (last.end !== 0) throw new Error(`the last resume ended with ${last.end}: ${last.errors}`);
const [expected, found] = [whole, killed].map((out) => readCheckpoint(join(out, 'checkpoints/last.safetensors')));
const differing = [...expected.tensors].filter(([name, { data }]) => {
  const other = found.tensors.get(name)?.data;
  return !other || Buffer.compare(Buffer.from(other.buffer), Buffer.from(data.buffer)) !== 0;
});
const steps = (out) => readFileSync(join(out, 'events.jsonl'), 'utf8').split('"event":"step"').length - 1;
const [logged, wanted] = [steps(killed), steps(whole)];
/** A resumed run shows the first batch it takes, whichever that is. */
const shown = /^pictures.batch-/;
const known = new Set(entries(whole));
const left = entries(killed).filter((name) => !known.has(name) && !shown.test(name));
const same = left.length === 0;
console.log(
  `${done} kills, ${writes} of them during a write; ${differing.length} of ${expected.tensors.size} tensors differ; ${logged} of ${wanted} steps in the log; ${same ? 'no file is left over' : `left over: ${left.join(', ')}`}`,
);
rmSync(folder, { recursive: true, force: true });
process.exitCode = differing.length === 0 && same && logged === wanted && done === kills ? 0 : 1;
