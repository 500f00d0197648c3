// Milliseconds per training step, side by side: TensorFlow.js op by op, compiled, and the others when bench/peers is set up.
// npm run bench -- train-step [--models a,b] [--modes a,b] [--batch N] [--rounds 2] [--steps 12]
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { available, inTurns, machine, PYTHON, TUNED } from '../turns.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    steps: { type: 'string', default: '12' },
    models: { type: 'string', default: 'efficientnet-b0,efficientdet-lite0,efficientdet-d0' },
    modes: { type: 'string', default: 'eager,compiled,pytorch,pytorch-tuned' },
    batch: { type: 'string' },
  },
});

const MODELS = {
  'efficientnet-b0': { pixels: 224, batch: 8 },
  'efficientdet-lite0': { pixels: 320, batch: 8 },
  'efficientdet-d0': { pixels: 512, batch: 2 },
};
/** torch-compile takes minutes to compile; tf-function has EfficientNet-B0 alone. */
const MODES = {
  eager: { command: process.execPath, script: 'ours.mjs' },
  compiled: { command: process.execPath, script: 'ours.mjs' },
  wasm: { command: process.execPath, script: 'ours.mjs' },
  pytorch: { command: PYTHON, script: 'peer.py' },
  'pytorch-tuned': { command: PYTHON, script: 'peer.py', env: TUNED },
  'torch-compile': { command: PYTHON, script: 'peer.py', env: TUNED },
  'tf-function': { command: PYTHON, script: 'keras_peer.py' },
};

const models = values.models.split(',');
const modes = available(MODES, values.modes);

const cases = models.flatMap((model) =>
  modes.map((mode) => {
    const { command, script, env } = MODES[mode];
    const { pixels, batch } = MODELS[model];
    const args = [join(here, script), model, pixels, values.batch ?? batch, values.steps, mode];
    return { name: `${model} ${mode}`, command, args, env };
  }),
);
const best = inTurns(cases, Number(values.rounds));

console.log(
  `\n${machine()}; medians of ${values.steps} steps, best round; ms, then MiB at the peak, then ms of the first step`,
);
console.log(`| model | pixels | batch | ${modes.join(' | ')} | peak MiB | first step |`);
console.log(`|${'---|'.repeat(modes.length + 5)}`);
for (const model of models) {
  const results = modes.map((mode) => best.get(`${model} ${mode}`));
  const list = (key) => results.map((result) => result[key].toFixed(0));
  const { pixels, batch } = MODELS[model];
  const cells = [
    model,
    pixels,
    values.batch ?? batch,
    ...list('median'),
    list('rss').join(' / '),
    list('first').join(' / '),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
