// Milliseconds of one answer, side by side in one run: EfficientNet-B0 (224 pixels, logits), EfficientDet-Lite0 (320) and D0 (512), a tensor of
// pixels in, logits or boxes with scores out, on this library's engines and on others; for detectors also from an image of 480 x 640 to boxes.
// npm run bench -- inference [--networks b0,lite0,d0] [--batches 1,8] [--runtimes a,b] [--rounds 1] [--seconds 1.5] [--python FILE]
// onnxruntime-node and onnxruntime-web: in the folder that ESPALIER_ONNXRUNTIME names; Python's: bench/peers/setup.sh, and pip install openvino.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inTurns, machine, PYTHON, TUNED } from '../turns.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [OURS, PEER] = [join(here, 'ours.mjs'), join(here, 'peer.py')];
/** Of a runtime: what runs it, and what it needs. */
const RUNTIMES = {
  tensorflow: { title: 'tensorflow' },
  'tensorflow-boxes': { title: 'tensorflow, image to boxes', detectorsOnly: true },
  onnxruntime: { title: 'onnxruntime', needs: 'onnxruntime-node' },
  'onnxruntime-boxes': { title: 'onnxruntime, image to boxes', needs: 'onnxruntime-node', detectorsOnly: true },
  wasm: { title: 'wasm' },
  'onnxruntime-web': { title: 'onnxruntime-web wasm, 1 thread', needs: 'onnxruntime-web' },
  pytorch: { title: 'PyTorch', python: 'torch' },
  'pytorch-tuned': { title: 'PyTorch, tuned malloc', python: 'torch', env: TUNED },
  ort: { title: 'ONNX Runtime, Python', python: 'onnxruntime' },
  openvino: { title: 'OpenVINO f32', python: 'openvino' },
};
const { values } = parseArgs({
  options: {
    networks: { type: 'string', default: 'b0,lite0,d0' },
    batches: { type: 'string', default: '1,8' },
    runtimes: { type: 'string', default: Object.keys(RUNTIMES).join() },
    rounds: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '1.5' },
    python: { type: 'string', default: PYTHON },
  },
});
const [networks, batches] = [values.networks.split(','), values.batches.split(',')];
const runtimes = values.runtimes.split(',').filter(isHere);
const folder = mkdtempSync(join(tmpdir(), 'espalier-inference-'));
const started = performance.now();
try {
  const pairs = networks.flatMap((network) => batches.map((batch) => [network, batch]));
  for (const [network, batch] of pairs)
    execFileSync(process.execPath, [OURS, 'write', network, batch, folder], { stdio: 'inherit' });
  const cases = pairs.flatMap(([network, batch]) =>
    runtimes.flatMap((runtime) => {
      const { python, env, detectorsOnly } = RUNTIMES[runtime];
      if (detectorsOnly && network === 'b0') return [];
      const args = [python ? PEER : OURS, runtime, network, batch, folder, values.seconds];
      return [
        { name: `${network} b${batch} ${runtime}`, command: python ? values.python : process.execPath, args, env },
      ];
    }),
  );
  const best = inTurns(cases, Number(values.rounds));
  const minutes = ((performance.now() - started) / 60_000).toFixed(1);
  console.log(`\n${machine()}; ms, medians of ${values.seconds} s of calls, best round; ${minutes} minutes in all\n`);
  console.log(`| network | batch | ${runtimes.map((name) => RUNTIMES[name].title).join(' | ')} |`);
  console.log(`|${' --- |'.repeat(runtimes.length + 2)}`);
  for (const [network, batch] of pairs) {
    const cells = runtimes.map((name) => best.get(`${network} b${batch} ${name}`)?.median.toFixed(1) ?? '');
    console.log(`| ${[network, batch, ...cells].join(' | ')} |`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Says what is left out, and why. */
function isHere(name) {
  const { needs, python } = RUNTIMES[name] ?? {};
  if (RUNTIMES[name] === undefined) throw new Error(`no runtime ${name}: ${Object.keys(RUNTIMES).join(', ')}`);
  const places = [process.env.ESPALIER_ONNXRUNTIME, join(here, '../..')].filter(Boolean);
  if (needs && !places.some((place) => existsSync(join(place, 'node_modules', needs)))) return leftOut(name, needs);
  if (!python) return true;
  if (!existsSync(values.python)) return leftOut(name, values.python);
  const { status } = spawnSync(values.python, [
    '-c',
    `import importlib.util as u, sys; sys.exit(u.find_spec('${python}') is None)`,
  ]);
  return status === 0 || leftOut(name, python);
}

function leftOut(name, lacking) {
  console.log(`${name} is left out: ${lacking} is not here`);
  return false;
}
