// Throughput of two processes that train together on loopback, each on one core, against one process on one core.
// npm run bench -- cluster [--rounds 2] [--steps 10] [--models efficientnet-b0,efficientdet-lite0]; Linux, two idle cores.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const script = join(dirname(fileURLToPath(import.meta.url)), '../train-step/ours.mjs');
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    steps: { type: 'string', default: '10' },
    models: { type: 'string', default: 'efficientnet-b0,efficientdet-lite0' },
  },
});
/** Images per process and step. */
const MODELS = {
  'efficientnet-b0': { pixels: 224, batch: 8 },
  'efficientdet-lite0': { pixels: 320, batch: 8 },
};

/** Milliseconds of the median step of one process that is bound to one core. */
function measure(model, core, cluster) {
  const { pixels, batch } = MODELS[model];
  const args = [model, pixels, batch, values.steps, 'compiled', 1, ...cluster].map(String);
  const child = spawn('taskset', ['-c', String(core), process.execPath, script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (data) => {
    out += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => {
      if (status === 0) resolve(JSON.parse(out.trim().split('\n').at(-1)).median);
      else reject(new Error(`${model} ${cluster.join(' ')} ended with ${status}`));
    });
  });
}

async function freeAddress() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

console.log(`${cpus().length} x ${cpus()[0].model}; medians of ${values.steps} steps, best of ${values.rounds} rounds`);
for (const model of values.models.split(',')) {
  const [alone, together] = [[], []];
  for (let round = 0; round < Number(values.rounds); round++) {
    alone.push(await measure(model, 0, []));
    const addresses = [await freeAddress(), await freeAddress()].join(',');
    together.push(Math.max(...(await Promise.all([0, 1].map((task) => measure(model, task, [task, addresses]))))));
  }
  const { batch } = MODELS[model];
  const [one, two] = [Math.min(...alone), Math.min(...together)];
  const rate = (images, ms) => ((1000 * images) / ms).toFixed(2);
  console.log(
    `${model}: one process ${one.toFixed(0)} ms (${rate(batch, one)} images/s), two ${two.toFixed(0)} ms (${rate(2 * batch, two)} images/s): ${((2 * one) / two).toFixed(2)} times`,
  );
}
