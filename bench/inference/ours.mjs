// RUNTIME NETWORK BATCH FOLDER SECONDS -> { median, rss } on the last line. RUNTIME write puts the network's files into the folder instead, with
// random weights: an ONNX file, and a GraphModel. NETWORK: b0, lite0 or d0.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { createClassifier, ready } from 'espalier';
import { createNetwork } from '../../dist/configs/network.js';
import { openRunInOnnxRuntime } from '../../dist/configs/networkFile.js';
import { parseExperiment } from '../../dist/configs/read.js';
import { engineNetwork } from '../../dist/deploy/engineNetwork.js';
import { INPUT, traceNetwork } from '../../dist/deploy/network.js';
import { writeOnnx } from '../../dist/deploy/onnx/model.js';
import { onnxOf } from '../../dist/deploy/onnx/onnx.js';
import { findBeside, openOnnxNetwork } from '../../dist/deploy/onnxruntime/onnxruntime.js';
import { openOnnxSession } from '../../dist/deploy/onnxSession.js';
import { graphDefOf } from '../../dist/deploy/tensorflow/graphDef.js';
import { graphModelFiles } from '../../dist/deploy/tensorflow/graphModel.js';
import { openGraphModelNetwork } from '../../dist/deploy/tensorflow/graphModelNetwork.js';

const [runtime, name, count, folder, seconds] = process.argv.slice(2);
const PIXELS = { b0: 224, lite0: 320, d0: 512 };
const [batch, pixels] = [Number(count), PIXELS[name]];
const shape = [batch, pixels, pixels, 3];
const base = join(folder, `${name}-${batch}`);

if (runtime === 'write') await write();
else report(await measure(runtime.endsWith('-boxes') ? await toBoxes() : await onTensors()));

/** A classifier as the exports see a network, or a detector of 90 classes. */
function build() {
  if (name === 'b0') {
    const net = createClassifier({ arch: 'tf_efficientnet_b0', classes: 1000, frozen: 'all', seed: 1 });
    return { model: { ...net, exported: { outputs: (logits) => ({ logits }) } } };
  }
  const experiment = parseExperiment(
    { model: { preset: `efficientdet-${name}`, inputSize: [pixels, pixels] }, evaluate: { batchSize: batch } },
    'bench',
  );
  const labels = { classes: Array.from({ length: 90 }, (_, id) => ({ id: id + 1, name: `class ${id}` })) };
  const network = createNetwork(experiment, labels);
  return { model: network.model, network, experiment, labels };
}

async function write() {
  await ready();
  const { model } = build();
  const traced = (kernels) => traceNetwork(model, { inputSize: [pixels, pixels], batch, kernels });
  writeFileSync(`${base}.onnx`, writeOnnx(onnxOf(await traced('whole'), {}), 'bench'));
  mkdirSync(base, { recursive: true });
  for (const { name: file, bytes } of graphModelFiles(graphDefOf(await traced('plain')), {
    precision: 'f32',
    provenance: { producer: 'bench' },
  }))
    writeFileSync(join(base, file), bytes);
}

async function onTensors() {
  const values = Float32Array.from({ length: batch * pixels * pixels * 3 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  const network = await open();
  return () => network.run({ [INPUT]: { values, shape } });
}

async function open() {
  if (runtime === 'tensorflow') {
    await ready({ engine: 'tensorflow' });
    return engineNetwork(build().model);
  }
  if (runtime === 'wasm') {
    await ready({ engine: 'wasm' });
    return openGraphModelNetwork(
      readdirSync(base).map((file) => ({ name: file, bytes: readFileSync(join(base, file)) })),
    );
  }
  const bytes = readFileSync(`${base}.onnx`);
  if (runtime === 'onnxruntime') return openOnnxNetwork(bytes);
  const entry = findBeside('onnxruntime-web');
  const { default: web } = await import(pathToFileURL(entry).href);
  web.env.wasm.numThreads = 1;
  return openOnnxSession(web, bytes, { executionProviders: ['wasm'] });
}

/** A predictor of a detector: images of 480 x 640 in, boxes without overlapping ones out. */
async function toBoxes() {
  await ready({ engine: 'tensorflow' });
  const { network, experiment, labels } = build();
  const data = Uint8Array.from({ length: 480 * 640 * 3 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
  const images = Array.from({ length: batch }, () => ({ width: 640, height: 480, data }));
  if (runtime === 'tensorflow-boxes') return () => network.answer(images);
  const { network: exported } = await openRunInOnnxRuntime({ network, experiment, labels, step: 0 }, batch);
  return () => exported.answer(images);
}

async function measure(call) {
  const times = [];
  for (let i = 0; i < 2; i++) await call();
  const end = performance.now() + 1000 * Number(seconds);
  while (times.length < 3 || performance.now() < end) {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b);
}

function report(times) {
  const rss = Math.round(process.resourceUsage().maxRSS / 1024);
  console.log(JSON.stringify({ median: times[times.length >> 1], calls: times.length, rss, backend: tf.getBackend() }));
  process.exit();
}
