/** A plain TensorFlow.js training loop; the line with `compile` is all that Espalier adds. `node examples/compile.ts`, Node >= 22.18. */
import * as tf from '@tensorflow/tfjs';
import { compile, ready } from 'espalier';

await ready({ engine: 'tensorflow' });
const weight = (...shape: number[]): tf.Variable =>
  tf.variable(tf.randomNormal(shape, 0, 0.1, 'float32', shape.length));
const layers = Array.from({ length: 12 }, () => ({ kernel: weight(3, 3, 32, 1), scale: weight(1, 1, 32, 32) }));
const [stem, top] = [weight(3, 3, 3, 32) as tf.Tensor4D, weight(32, 10) as tf.Tensor2D];
const adam = tf.train.adam(1e-3);

function logits(images: tf.Tensor4D): tf.Tensor2D {
  let x = tf.conv2d(images, stem, 2, 'same');
  for (const { kernel, scale } of layers) {
    const maps = tf.depthwiseConv2d(x, kernel as tf.Tensor4D, 1, 'same');
    const mixed = tf.conv2d<tf.Tensor4D>(tf.mul(maps, tf.sigmoid(maps)), scale as tf.Tensor4D, 1, 'same');
    x = tf.add<tf.Tensor4D>(x, tf.mul(mixed, tf.sigmoid(mixed)));
  }
  return tf.matMul(tf.mean<tf.Tensor2D>(x, [1, 2]), top);
}

const plain = (images: tf.Tensor4D, labels: tf.Tensor2D): tf.Scalar =>
  adam.minimize(() => tf.losses.softmaxCrossEntropy(labels, logits(images)), true) as tf.Scalar;
const compiled = compile(plain, { name: 'step' });

const images = tf.randomUniform<tf.Rank.R4>([8, 16, 16, 3], 0, 1, 'float32', 1);
const labels = tf.cast(tf.oneHot([0, 1, 2, 3, 4, 5, 6, 7], 10), 'float32') as tf.Tensor2D;
for (const step of [plain, compiled]) {
  let loss = 0;
  const times = Array.from({ length: 30 }, () => {
    const started = performance.now();
    loss = tf.tidy(() => step(images, labels).dataSync()[0] as number); // one step: forward, backward, Adam
    return performance.now() - started;
  });
  const median = times.sort((a, b) => a - b)[15] as number;
  console.log(`${step === plain ? 'plain' : 'compiled'}: ${median.toFixed(1)} ms a step, loss ${loss.toFixed(4)}`);
}
