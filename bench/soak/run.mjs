// npm run bench -- soak [STEPS]: growth of resident memory and of live tensors over many compiled steps of a small model.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs';
import { compile } from '../../dist/engine/compile.js';
import { ready } from '../../dist/engine/engine.js';
import '../../dist/engine/tensorflow/tensorflow.js';

const steps = Number(process.argv[2] ?? 10_000);
const warmUp = Math.min(2000, steps / 5);
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
/** After collection: what JavaScript could free is no growth. */
const resident = () => {
  collect();
  return process.memoryUsage.rss();
};
await ready({ engine: 'tensorflow' });
const [first, second] = [tf.variable(tf.randomNormal([16, 32])), tf.variable(tf.randomNormal([32, 4]))];
const adam = tf.train.adam(1e-3);
const step = compile(
  (x, y) =>
    adam.minimize(() => tf.losses.softmaxCrossEntropy(y, tf.matMul(tf.relu(tf.matMul(x, first)), second)), true),
  { log: () => {} },
);
const labels = tf.cast(tf.oneHot([0, 1, 2, 3, 0, 1, 2, 3], 4), 'float32');
let [bytes, tensors] = [0, 0];
for (let i = 0; i < warmUp + steps; i++) {
  if (i === warmUp) [bytes, tensors] = [resident(), tf.memory().numTensors];
  const x = tf.tensor2d(
    Float32Array.from({ length: 128 }, (_, at) => Math.sin(i + at)),
    [8, 16],
  );
  const loss = i % 2 ? await step.async(x, labels) : step(x, labels);
  if (!Number.isFinite(loss.dataSync()[0])) throw new Error(`the loss is not finite at step ${i}`);
  tf.dispose([x, loss]);
}
const growth = (resident() - bytes) / 2 ** 20;
console.log(
  JSON.stringify({ steps, rssGrowthMiB: Number(growth.toFixed(1)), tensorGrowth: tf.memory().numTensors - tensors }),
);
