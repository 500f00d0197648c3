// Milliseconds of EfficientNet-B0 at inference, side by side: compiled with its weights as constants, PyTorch, ONNX Runtime.
// npm run bench -- inference [--batches 8,1] [--rounds 2] [--steps 20]; --runtimes: EfficientNet-B0's maps and EfficientDet-Lite0 from pixels to
// boxes, one image, on this library's engines and in onnxruntime-node.
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
    runtimes: { type: 'boolean', default: false },
    modes: { type: 'string', default: 'compiled,pytorch,pytorch-tuned,onnxruntime' },
  },
});
if (values.runtimes) {
  const [networks, runtimes] = [
    ['b0', 'lite0'],
    ['tensorflow', 'wasm', 'onnxruntime'],
  ];
  const cases = networks.flatMap((network) =>
    runtimes.map((runtime) => ({
      name: `${network} ${runtime}`,
      command: process.execPath,
      args: [join(here, 'runtimes.mjs'), network, runtime, values.steps],
    })),
  );
  const best = inTurns(cases, Number(values.rounds));
  console.log(`\n${machine()}; one image, ms, medians of ${values.steps} calls, best round`);
  console.log(`| network | ${runtimes.join(' | ')} |\n|${'---|'.repeat(runtimes.length + 1)}`);
  for (const network of networks) {
    const cells = runtimes.map((runtime) => best.get(`${network} ${runtime}`).median.toFixed(1));
    console.log(`| ${[network, ...cells].join(' | ')} |`);
  }
  process.exit();
}
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
