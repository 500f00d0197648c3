/**
 * npm run bench -- export [--all]: networks with random weights, exported to ONNX and run by onnxruntime-node, against this
 * library on TensorFlow; writes bench/export/table.md. One network of each family of backbones, or with --all every one; and
 * every head on EfficientNet-Lite0; or with --heads the heads alone, printed only. ESPALIER_ONNXRUNTIME may name the folder where the package is installed.
 */
import { writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { architectureOf, createBackbone, FAMILIES, HEAD_KINDS, HEAD_NAMES, HEADS, ready } from 'espalier';
import { createNetwork } from '../../dist/configs/network.js';
import { parseExperiment } from '../../dist/configs/read.js';
import { INPUT, traceNetwork } from '../../dist/deploy/network.js';
import { writeOnnx } from '../../dist/deploy/onnx/model.js';
import { onnxOf } from '../../dist/deploy/onnx/onnx.js';
import { openOnnxNetwork } from '../../dist/deploy/onnxruntime/onnxruntime.js';
import { traceGraph } from '../../dist/engine/graph/trace.js';
import { normalizeImages } from '../../dist/engine/kernels/index.js';

const SIZE = [96, 128];
const CLASSES = [1, 2, 3].map((id) => ({ id, name: `class ${id}` }));

await ready();
const rows = [];
const families = Object.entries(FAMILIES).flatMap(([family, { archs }]) =>
  (process.argv.includes('--all') ? archs : archs.slice(0, 1)).map((arch) => [family, arch]),
);
const headsAlone = process.argv.includes('--heads');
for (const [family, arch] of headsAlone ? [] : families) await add(`${arch}`, family, () => backbone(arch));
const heads = [...HEAD_KINDS.filter((kind) => kind !== 'semantic-decoder'), ...HEAD_NAMES];
for (const head of heads) await add(`tf_efficientnet_lite0, ${head}`, 'head', () => network(head));

const table = [
  '| network | of | pixels | MB | operators | furthest, of the largest value |',
  '| --- | --- | --- | --- | --- | --- |',
  ...rows.map((cells) => `| ${cells.join(' | ')} |`),
].join('\n');
if (!headsAlone) writeFileSync(new URL('./table.md', import.meta.url), `${table}\n`);
console.log(table);

async function add(name, kind, make) {
  const { size, graph, run, dispose } = await make();
  const model = onnxOf(graph, {});
  const bytes = writeOnnx(model, 'bench');
  const images = tf.randomUniform([1, ...size, 3], 0, 255, 'float32', 3);
  const session = await openOnnxNetwork(bytes);
  const outputs = await session.run({ [INPUT]: { values: await images.data(), shape: images.shape } });
  const wanted = tf.tidy(() => run(images));
  let furthest = 0;
  for (const [output, tensor] of Object.entries(wanted)) {
    const expected = await tensor.data();
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    expected.forEach((value, i) => {
      furthest = Math.max(furthest, Math.abs(value - outputs[output].values[i]) / largest);
    });
  }
  rows.push([
    name,
    kind,
    size.join(' x '),
    (bytes.length / 1e6).toFixed(1),
    model.nodes.length,
    furthest.toExponential(1),
  ]);
  console.error(rows.at(-1).join('  '));
  tf.dispose([images, wanted]);
  await session.dispose();
  dispose();
}

async function backbone(arch) {
  const { isFixed, inputPixels } = architectureOf(arch);
  const size = isFixed ? [inputPixels, inputPixels] : SIZE;
  const { forward, preprocessing, dispose } = createBackbone({ arch, frozen: 'all', seed: 1 });
  const run = (images) => forward(normalizeImages(images, preprocessing.mean, preprocessing.std), { training: false });
  const graph = await traceGraph({ [INPUT]: [1, ...size, 3] }, (inputs) => run(inputs[INPUT]), { kernels: 'whole' });
  return { size, graph, run, dispose };
}

async function network(head) {
  const task = HEADS[head]?.task.name ?? 'segmentation';
  const model = { backbone: 'tf_efficientnet_lite0', inputSize: SIZE, head };
  const classes = CLASSES.map((each) => ({ ...each, isStuff: task === 'panoptic' && each.id === 3 }));
  const { model: built, dispose } = createNetwork(parseExperiment({ task, model }, head), { classes });
  const { mean, std } = built.preprocessing;
  const run = (images) =>
    built.exported.outputs(built.forward(normalizeImages(images, mean, std), { training: false }));
  return { size: SIZE, graph: await traceNetwork(built, { inputSize: SIZE }), run, dispose };
}
