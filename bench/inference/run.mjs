// Milliseconds of EfficientNet-B0 at inference, side by side: compiled with its weights as constants, PyTorch, ONNX Runtime.
// npm run bench -- inference [--batches 8,1] [--rounds 2] [--steps 20]
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { available, inTurns, machine, PYTHON, TUNED } from '../turns.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '2' },
    steps: { type: 'string', default: '20' },
    batches: { type: 'string', default: '8,1' },
    modes: { type: 'string', default: 'compiled,pytorch,pytorch-tuned,onnxruntime' },
  },
});
const MODES = {
  compiled: { command: process.execPath, script: 'ours.mjs' },
  pytorch: { command: PYTHON, script: 'peer.py' },
  'pytorch-tuned': { command: PYTHON, script: 'peer.py', env: TUNED },
  onnxruntime: { command: PYTHON, script: 'peer.py' },
};
const modes = available(MODES, values.modes);
const batches = values.batches.split(',');
const cases = batches.flatMap((batch) =>
  modes.map((mode) => {
    const { command, script, env } = MODES[mode];
    return { name: `b${batch} ${mode}`, command, args: [join(here, script), 224, batch, values.steps, mode], env };
  }),
);
const best = inTurns(cases, Number(values.rounds));
console.log(`\n${machine()}; EfficientNet-B0, 224 pixels, ms, medians of ${values.steps} calls, best round`);
console.log(`| batch | ${modes.join(' | ')} |`);
console.log(`|${'---|'.repeat(modes.length + 1)}`);
for (const batch of batches) {
  console.log(`| ${[batch, ...modes.map((mode) => best.get(`b${batch} ${mode}`).median.toFixed(1))].join(' | ')} |`);
}
