// NETWORK RUNTIME STEPS -> { median, rss } on the last line. b0: EfficientNet-B0's maps of one image of 224 pixels; lite0: EfficientDet-Lite0,
// 320 pixels, from an image of 480 x 640 to boxes. RUNTIME: tensorflow, wasm, onnxruntime.
import * as tf from '@tensorflow/tfjs';
import { compile, createBackbone, ready } from 'espalier';
import { createNetwork } from '../../dist/configs/network.js';
import { openRunInOnnxRuntime } from '../../dist/configs/networkFile.js';
import { parseExperiment } from '../../dist/configs/read.js';
import { INPUT } from '../../dist/deploy/network.js';
import { writeOnnx } from '../../dist/deploy/onnx/model.js';
import { onnxOf } from '../../dist/deploy/onnx/onnx.js';
import { openOnnxNetwork } from '../../dist/deploy/onnxruntime/onnxruntime.js';
import { traceGraph } from '../../dist/engine/graph/trace.js';

const [name, runtime, steps] = process.argv.slice(2);
await ready({ engine: runtime === 'wasm' ? 'wasm' : 'tensorflow' });
const call = await (name === 'b0' ? backbone() : detector());
const times = [];
for (let i = 0; i < Number(steps) + 3; i++) {
  const started = performance.now();
  await call();
  if (i >= 3) times.push(performance.now() - started);
}
times.sort((a, b) => a - b);
const rss = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ median: times[times.length >> 1], rss }));

async function backbone() {
  const network = createBackbone({ arch: 'tf_efficientnet_b0', levels: ['P3', 'P4', 'P5'], frozen: 'all', seed: 1 });
  const shape = [1, 224, 224, 3];
  const run = (images) => network.forward(images, { training: false });
  const images = tf.randomNormal(shape, 0, 1, 'float32', 1);
  const values = await images.data();
  if (runtime === 'onnxruntime') {
    const graph = await traceGraph({ [INPUT]: shape }, (inputs) => run(inputs[INPUT]), { kernels: 'whole' });
    const session = await openOnnxNetwork(writeOnnx(onnxOf(graph, {}), 'bench'));
    return () => session.run({ [INPUT]: { values, shape } });
  }
  const infer = compile(run, { constants: true });
  return async () => {
    const maps = Object.values(infer(images));
    await Promise.all(maps.map((map) => map.data()));
    tf.dispose(maps);
  };
}

async function detector() {
  const experiment = parseExperiment({ model: { preset: 'efficientdet-lite0', inputSize: [320, 320] } }, 'bench');
  const labels = { classes: Array.from({ length: 90 }, (_, id) => ({ id: id + 1, name: `class ${id}` })) };
  const evaluate = { ...experiment.evaluate, batchSize: 1 };
  const network = createNetwork({ ...experiment, evaluate }, labels);
  const data = Uint8Array.from({ length: 480 * 640 * 3 }, (_, i) => (i * 2654435761) >>> 24);
  const image = { width: 640, height: 480, data };
  if (runtime !== 'onnxruntime') return () => network.answer([image]);
  const { network: exported } = await openRunInOnnxRuntime({ network, experiment, labels, step: 0 }, 1);
  return () => exported.answer([image]);
}
