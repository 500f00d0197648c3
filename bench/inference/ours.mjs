// EfficientNet-B0 in a compiled graph: PIXELS BATCH STEPS MODE -> { median, rss } on the last line.
import * as tf from '@tensorflow/tfjs';
import { createClassifier } from '../../dist/backbones/index.js';
import { compile } from '../../dist/engine/compile.js';
import { ready } from '../../dist/engine/engine.js';
import '../../dist/engine/tensorflow/tensorflow.js';

const [pixels, batch, steps] = process.argv.slice(2, 5).map(Number);
await ready({ engine: 'tensorflow' });
const network = createClassifier({ arch: 'tf_efficientnet_b0', classes: 1000, frozen: 'all', seed: 1 });
const infer = compile((images) => network.forward(images, { training: false }), { constants: true });
const images = tf.randomNormal([batch, pixels, pixels, 3], 0, 1, 'float32', 1);
const times = [];
for (let i = 0; i < steps + 3; i++) {
  const started = performance.now();
  const logits = infer(images);
  await logits.data();
  if (i >= 3) times.push(performance.now() - started);
  logits.dispose();
}
times.sort((a, b) => a - b);
console.log(
  JSON.stringify({ median: times[times.length >> 1], rss: Math.round(process.resourceUsage().maxRSS / 1024) }),
);
