// npm run bench -- mutate [--count 20000] [--first 0] [--workers 1]: changes annotation files of every format, images and volumes of
// every kind (test/datasets/mutations.ts), and reads each in a process whose time and memory are watched. A problem is an error that is
// neither a DataError nor a ConfigError, a process that ends, 5 s without an answer, or more than 1 GB of memory.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';

const text = { type: 'string' };
const { values } = parseArgs({
  options: {
    count: { ...text, default: '20000' },
    first: { ...text, default: '0' },
    workers: { ...text, default: '1' },
  },
});
const [count, first, workers] = [values.count, values.first, values.workers].map(Number);
const SECONDS = 5;
const MOST_BYTES = 1e9;
/** Other processes share the cores: what counts is the process's own time. */
const STALLED_SECONDS = 60;

const root = join(import.meta.dirname, '../..');
const script = join(root, 'dist/mutate.mjs');
await build({
  absWorkingDir: root,
  entryPoints: ['bench/mutate/child.ts'],
  outfile: script,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  external: ['#*'],
  // Files are found by their place in the repository.
  define: { 'import.meta.url': JSON.stringify(new URL('../../test/data.ts', import.meta.url).href) },
  logLevel: 'warning',
});

/** Of a process: highest memory in bytes, processor time in seconds; zeros once it has ended. */
function usage(pid) {
  try {
    const peak = Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return { peak, seconds: (Number(fields[11]) + Number(fields[12])) / 100 };
  } catch {
    return { peak: 0, seconds: 0 };
  }
}

const counts = new Map();
const problems = [];
let [peak, slowest, finished] = [0, { seconds: 0, subject: '' }, 0];

/** Runs the mutations of one worker from `from` on. @returns where the next process goes on, null when all are done */
function runChild(from, step) {
  return new Promise((resolve) => {
    const child = fork(script, [from, count, step, first].map(String), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    let [at, began, since, isDone, errors] = [null, 0, 0, false, ''];
    child.stderr.on('data', (data) => {
      errors = (errors + data).slice(-2000);
    });
    const fail = (problem) => {
      problems.push(`mutation ${at}: ${problem}`);
      child.kill('SIGKILL');
    };
    const watch = setInterval(() => {
      const used = usage(child.pid);
      peak = Math.max(peak, used.peak);
      if (at === null) return;
      if (used.peak > MOST_BYTES) fail(`${Math.round(used.peak / 1e6)} MB`);
      else if (used.seconds - began > SECONDS || Date.now() - since > 1000 * STALLED_SECONDS)
        fail(`no answer after ${(used.seconds - began).toFixed(1)} s`);
    }, 200);
    child.on('message', (message) => {
      if (message.kind === 'done') isDone = true;
      if (message.kind === 'begin') {
        [at, since, began] = [message.index, Date.now(), usage(child.pid).seconds];
      }
      if (message.kind !== 'end') return;
      const seconds = usage(child.pid).seconds - began;
      if (seconds > slowest.seconds) slowest = { seconds, subject: message.subject };
      const isKnown = message.outcome === 'read' || message.outcome === 'refused';
      const name = isKnown ? message.outcome : 'problem';
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (!isKnown) problems.push(`${message.subject}: ${message.outcome}`);
      if (++finished % 2000 === 0) console.error(`${finished} of ${count}, ${problems.length} problems`);
    });
    child.on('close', (status, signal) => {
      clearInterval(watch);
      if (isDone) return resolve(null);
      if (at === null) throw new Error(`no mutation was begun: ${errors}`);
      if (signal !== 'SIGKILL') problems.push(`mutation ${at}: the process ended with ${signal ?? status}: ${errors}`);
      resolve(at + step);
    });
  });
}

await Promise.all(
  Array.from({ length: workers }, async (_, worker) => {
    for (let from = worker; from !== null && from < count; ) from = await runChild(from, workers);
  }),
);
for (const problem of problems.slice(0, 40)) console.log(problem.split('\n').slice(0, 6).join('\n'), '\n');
const ends = [...counts].map(([name, number]) => `${number} ${name}`).join(', ');
console.log(`${count} mutations: ${ends}; ${problems.length} problems`);
console.log(
  `memory at most ${Math.round(peak / 1e6)} MB; slowest ${slowest.seconds.toFixed(2)} s (${slowest.subject})`,
);
if (problems.length > 0) process.exitCode = 1;
