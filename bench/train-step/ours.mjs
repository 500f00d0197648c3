// One case: MODEL PIXELS BATCH STEPS MODE [THREADS [TASK ADDRESSES]] -> { median, rss, first } on the last line. Forward, loss,
// backward, AdamW; with ADDRESSES (host:port,...) as one process of a cluster, BATCH images each.
import * as tf from '@tensorflow/tfjs';
import { createClassifier } from '../../dist/backbones/index.js';
import { registerCompiler } from '../../dist/engine/compile.js';
import { ready } from '../../dist/engine/engine.js';
import { uploadImages } from '../../dist/engine/images.js';
import { createDetector, encodeTargets, meanLoss } from '../../dist/heads/index.js';
import '../../dist/engine/tensorflow/tensorflow.js';
import { createAdamW } from '../../dist/training/optimizers.js';
import { createTrainingStep } from '../../dist/training/step.js';

const [model, pixels, batch, steps, mode, threads, task, addresses] = process.argv.slice(2);
const [px, n, count] = [Number(pixels), Number(batch), Number(steps)];
await ready({
  engine: mode === 'wasm' ? 'wasm' : 'tensorflow',
  ...(threads ? { threads: Number(threads) } : {}),
  ...(addresses ? { cluster: { task: Number(task), addresses: addresses.split(','), timeoutSeconds: 120 } } : {}),
});
if (mode === 'eager') {
  registerCompiler('tensorflow', (fn) => {
    const call = (...args) => tf.tidy(() => fn(...args));
    return Object.assign(call, { async: async (...args) => call(...args), dispose: () => {} });
  });
}
const bytes = new Uint8Array(n * px * px * 3).map((_, i) => Math.imul(i, 0x9e3779b1) >>> 24);
const images = uploadImages(bytes, [n, px, px, 3]);
const times = [];
let first = 0;
const run = model.startsWith('efficientdet') ? await detector() : classifier();
for (let i = 0; i < count + 2; i++) {
  const started = performance.now();
  const loss = await run(i);
  const [value] = await loss.data();
  if (!Number.isFinite(value)) throw new Error(`loss is ${value} at step ${i}`);
  const elapsed = performance.now() - started;
  if (i === 0) first = elapsed;
  if (i >= 2) times.push(elapsed);
  loss.dispose();
}
times.sort((a, b) => a - b);
const rss = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(JSON.stringify({ median: times[times.length >> 1], min: times[0], rss, first }));

function classifier() {
  const net = createClassifier({ arch: `tf_${model.replace('-', '_')}`, classes: 1000, frozen: 'none', seed: 1 });
  const labels = tf.oneHot(
    tf.tensor1d(
      Array.from({ length: n }, (_, i) => i * 7),
      'int32',
    ),
    1000,
  );
  const head = {
    parameters: net.parameters,
    preprocessing: net.preprocessing,
    dispose: net.dispose,
    forward: net.forward,
    loss: (logits, { labels: hot }) => ({ crossEntropy: meanLoss(tf.losses.softmaxCrossEntropy(hot, logits)) }),
  };
  const optimizer = createAdamW(net.parameters, { weightDecay: 0.01 });
  const step = createTrainingStep({ model: head, optimizer });
  const hot = tf.cast(labels, 'float32');
  return async (i) => {
    return totalOf(await step.run(images, { labels: hot }, { step: i, learningRate: 1e-3 }));
  };
}

async function detector() {
  const { model: net, encoder } = createDetector({ preset: model, classes: 90, inputSize: [px, px], seed: 1 });
  const { createEncoder } = await import(encoder.module);
  const boxes = Float64Array.from({ length: 13 * 4 }, (_, i) => (i >> 2) * 20 + (i % 4 < 2 ? 0 : 40 + (i >> 2)));
  const truth = {
    kind: 'boxes',
    boxes,
    labels: Int32Array.from({ length: 13 }, (_, i) => i % 3),
    ignored: new Uint8Array(13),
    areas: new Float64Array(13).fill(1600),
  };
  const targets = encodeTargets(createEncoder(encoder.config), Array(n).fill(truth));
  const optimizer = createAdamW(net.parameters, { weightDecay: 0.01 });
  const step = createTrainingStep({ model: net, optimizer });
  return async (i) => {
    return totalOf(await step.run(images, targets, { step: i, learningRate: 1e-3 }));
  };
}

/** The total; the rest of what a step gives is freed. */
function totalOf({ losses: { total, ...terms }, gradientNorm }) {
  tf.dispose([terms, gradientNorm]);
  return total;
}
