// Milliseconds per training step, side by side: TensorFlow.js op by op, compiled, and PyTorch when bench/peers is set up.
// Each case is a process of its own; rounds alternate between them, so that a slow moment of the machine meets all.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    steps: { type: 'string', default: '12' },
    models: { type: 'string', default: 'efficientnet-b0,efficientdet-lite0,efficientdet-d0' },
    modes: { type: 'string', default: 'eager,compiled,pytorch,pytorch-tuned' },
  },
});

export const MODELS = {
  'efficientnet-b0': { pixels: 224, batch: 8 },
  'efficientdet-lite0': { pixels: 320, batch: 8 },
  'efficientdet-d0': { pixels: 512, batch: 2 },
};
const python = join(here, '../peers/.venv/bin/python');
/** PyTorch's memory allocation as its users tune it on the CPU. */
const TUNED = { MALLOC_MMAP_MAX_: '0', MALLOC_TRIM_THRESHOLD_: '17179869184', MALLOC_TOP_PAD_: '67108864' };
const MODES = {
  eager: { command: process.execPath, script: 'ours.mjs', env: {} },
  compiled: { command: process.execPath, script: 'ours.mjs', env: {} },
  pytorch: { command: python, script: 'peer.py', env: {} },
  'pytorch-tuned': { command: python, script: 'peer.py', env: TUNED },
};

const models = values.models.split(',');
const modes = values.modes.split(',').filter((mode) => MODES[mode].command !== python || existsSync(python));
if (!existsSync(python)) console.log('PyTorch is left out: bash bench/peers/setup.sh sets it up');

const figures = new Map();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const model of models) {
    for (const mode of modes) {
      const { command, script, env } = MODES[mode];
      const { pixels, batch } = MODELS[model];
      const args = [join(here, script), model, String(pixels), String(batch), values.steps, mode];
      const options = { encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] };
      const result = JSON.parse(execFileSync(command, args, options).trim().split('\n').at(-1));
      const key = `${model} ${mode}`;
      figures.set(key, [...(figures.get(key) ?? []), result]);
      console.log(`round ${round + 1} ${model} ${mode}: ${result.median.toFixed(0)} ms, ${result.rss} MiB`);
    }
  }
}

console.log(
  `\n${cpus().length} x ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB; medians of ${values.steps} steps, best round`,
);
console.log(`| model | pixels | batch | ${modes.join(' | ')} | peak MiB |`);
console.log(`|${'---|'.repeat(modes.length + 4)}`);
for (const model of models) {
  const best = modes.map((mode) => figures.get(`${model} ${mode}`).reduce((a, b) => (a.median < b.median ? a : b)));
  const { pixels, batch } = MODELS[model];
  const memory = best.map(({ rss }) => rss).join(' / ');
  console.log(
    `| ${model} | ${pixels} | ${batch} | ${best.map(({ median }) => median.toFixed(0)).join(' | ')} | ${memory} |`,
  );
}
