/**
 * npm run bench -- smp [OUT]
 *
 * Options of segmentation_models_pytorch that no golden holds: record.py runs them with formula weights in float64 and writes
 * figures to OUT (a temporary folder unless given; figures that lie there already are used), ours takes the same state dict by
 * its names. One line per row: the largest difference, as a share of the spread, and whether it is within the tolerance of the
 * tests. Needs bench/peers/setup.sh.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PYTHON } from '../turns.mjs';

const [out = mkdtempSync(join(tmpdir(), 'smp-'))] = process.argv.slice(2);
if (!existsSync(out) || readdirSync(out).length === 0) {
  execFileSync(PYTHON, [join(import.meta.dirname, 'record.py'), out], { stdio: 'inherit' });
}
const { ready, createBackbone, segmentationEncoder } = await import('../../dist/node.js');
const { formulaHash, formulaImage, formulaUnit } = await import('../../dist/backbones/formula.js');
const { segmentationModelsNames } = await import('../../dist/pretrained/naming/segmentationModels.js');
const { loadStateDict } = await import('../../dist/pretrained/stateDict.js');
const { createSemanticDecoderHead } = await import('../../dist/heads/semantic/decoderHead.js');
const { semanticDecoderConfig } = await import('../../dist/heads/semantic/decoderConfig.js');
const tf = await import('@tensorflow/tfjs');
await ready({ engine: 'tensorflow' });

const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'];
/** [start, width] of uniform values by kind; kernels: by their fan. */
const RANGES = { nw: [0.9, 0.2], rv: [0.8, 0.4], nb: [-0.1, 0.2], rm: [-0.1, 0.2], b: [-0.05, 0.1] };

function formulaTensor(name, shape, kind, gain) {
  const count = shape.reduce((product, side) => product * side, 1);
  const hash = formulaHash(name);
  const limit = Math.sqrt(3 / (count / shape[0])) * gain;
  const [start, width] = RANGES[kind] ?? [-limit, 2 * limit];
  return {
    dtype: 'F32',
    shape,
    data: Float32Array.from({ length: count }, (_, i) => start + width * formulaUnit(hash, i)),
  };
}

/** Largest difference to the recorded samples and mean; positions of the record are those of NCHW. */
function distance(tensor, { tag, shape, value, mean }) {
  const nchw = tensor.rank === 4 ? tf.transpose(tensor, [0, 3, 1, 2]) : tensor;
  if (String(nchw.shape) !== String(shape)) throw new Error(`${tag} is [${nchw.shape}], recorded [${shape}]`);
  const values = nchw.dataSync();
  const hash = formulaHash(`idx:${tag}`);
  const found = value.map((_, i) => values[(formulaUnit(hash, i) * 2 ** 32) % values.length]);
  const average = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.max(Math.abs(average - mean), ...found.map((x, i) => Math.abs(x - value[i])));
}

let failed = 0;
for (const file of readdirSync(out).filter((name) => name.endsWith('.json'))) {
  const row = JSON.parse(readFileSync(join(out, file), 'utf8'));
  const { name, kind, encoder, settings, outputStride, depth, head: more, gain, size, stateDict, outputs } = row;
  const arch = segmentationEncoder(encoder);
  const backbone = createBackbone({ arch, levels: LEVELS.slice(0, depth), outputStride });
  const config = { kind: 'semantic-decoder', decoder: { kind, ...settings }, inputSize: size, ...more };
  const head = createSemanticDecoderHead(semanticDecoderConfig.parse(config), backbone.features);
  const prefixed = [...backbone.parameters].map(([path, parameter]) => [`backbone.${path}`, parameter]);
  const model = { parameters: new Map([...prefixed, ...head.parameters]), dispose: () => {} };
  const rename = segmentationModelsNames(model.parameters.keys());
  const tensors = new Map();
  for (const line of stateDict) {
    const [path, shape, own] = line.split('|');
    const target = rename(path);
    if (target !== null && (model.parameters.has(target) || !path.startsWith('encoder.'))) {
      tensors.set(target, formulaTensor(path, shape.split(',').map(Number), own, gain));
    }
  }
  loadStateDict(model, tensors, { partial: false });
  tf.tidy(() => {
    const images = tf.tensor4d(formulaImage(...size), [1, ...size, 3]);
    const raw = head.forward(backbone.forward(images, { training: false }), { training: false });
    for (const output of outputs) {
      const difference = distance(raw[output.tag], output);
      const isEqual = difference <= 2e-4 * output.std + 20 * output.noise;
      if (!isEqual) failed += 1;
      console.log(
        `${isEqual ? 'equal' : 'OTHER'}  ${name} ${output.tag}  ${(difference / output.std).toExponential(1)}`,
      );
    }
  });
  backbone.dispose();
  head.dispose();
}
console.log(`${failed} of the outputs differ`);
process.exit(failed > 0 ? 1 : 0);
