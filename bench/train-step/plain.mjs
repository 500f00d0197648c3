// EfficientNet-B0's training step in TensorFlow.js alone, with moments, batchNorm, sigmoid and an SGD of its own: PIXELS BATCH STEPS MODE ->
// { median, rss, first } on the last line. MODE plain: compiled with its patterns recognized; plain-as-written: without.
import * as tf from '@tensorflow/tfjs';
import { compile } from '../../dist/engine/compile.js';
import { ready } from '../../dist/engine/engine.js';
import '../../dist/engine/tensorflow/tensorflow.js';

const [pixels, batch, steps] = process.argv.slice(2, 5).map(Number);
const mode = process.argv[5];
await ready({ engine: 'tensorflow' });

const variables = [];
let seed = 1;
const variable = (shape, scale) => {
  const made = tf.variable(tf.randomNormal(shape, 0, scale, 'float32', seed++));
  variables.push(made);
  return made;
};
const constant = (size, value) => {
  const made = tf.variable(tf.fill([size], value));
  variables.push(made);
  return made;
};
const average = (size, value) => tf.variable(tf.fill([size], value), false);

function batchNorm(size) {
  const [scale, offset, mean, variance] = [constant(size, 1), constant(size, 0), average(size, 0), average(size, 1)];
  return (x) => {
    const found = tf.moments(x, [0, 1, 2]);
    const y = tf.batchNorm(x, found.mean, found.variance, offset, scale, 1e-3);
    for (const [kept, now] of [
      [mean, found.mean],
      [variance, found.variance],
    ])
      kept.assign(tf.add(tf.mul(kept, 0.99), tf.mul(now, 0.01)));
    return y;
  };
}
const swish = (x) => tf.mul(x, tf.sigmoid(x));
function conv(kernel, from, to, stride = 1) {
  const filter = variable([kernel, kernel, from, to], Math.sqrt(2 / (kernel * kernel * from)));
  return (x) => tf.conv2d(x, filter, stride, 'same');
}
function block([expand, to, , , kernel], from, stride) {
  const wide = from * expand;
  const widen = expand === 1 ? null : [conv(1, from, wide), batchNorm(wide)];
  const filter = variable([kernel, kernel, wide, 1], Math.sqrt(2 / (kernel * kernel)));
  const norm = batchNorm(wide);
  const narrow = Math.max(1, from >> 2);
  const [reduce, reduceBias] = [conv(1, wide, narrow), constant(narrow, 0)];
  const [raise, raiseBias] = [conv(1, narrow, wide), constant(wide, 0)];
  const [project, projectNorm] = [conv(1, wide, to), batchNorm(to)];
  return (input) => {
    let x = widen ? swish(widen[1](widen[0](input))) : input;
    x = swish(norm(tf.depthwiseConv2d(x, filter, stride, 'same')));
    const squeezed = swish(tf.add(reduce(tf.mean(x, [1, 2], true)), reduceBias));
    x = tf.mul(x, tf.sigmoid(tf.add(raise(squeezed), raiseBias)));
    const y = projectNorm(project(x));
    return stride === 1 && from === to ? tf.add(y, input) : y;
  };
}
const STAGES = [
  [1, 16, 1, 1, 3],
  [6, 24, 2, 2, 3],
  [6, 40, 2, 2, 5],
  [6, 80, 3, 2, 3],
  [6, 112, 3, 1, 5],
  [6, 192, 4, 2, 5],
  [6, 320, 1, 1, 3],
];
const layers = [conv(3, 3, 32, 2), batchNorm(32), swish];
let channels = 32;
for (const stage of STAGES) {
  const [, to, repeats, stride] = stage;
  for (let i = 0; i < repeats; i++) {
    layers.push(block(stage, channels, i === 0 ? stride : 1));
    channels = to;
  }
}
layers.push(conv(1, channels, 1280), batchNorm(1280), swish, (x) => tf.mean(x, [1, 2]));
const [weights, bias] = [variable([1280, 1000], 0.01), constant(1000, 0)];
const forward = (images) =>
  tf.add(
    tf.matMul(
      layers.reduce((x, layer) => layer(x), images),
      weights,
    ),
    bias,
  );

const step = compile(
  (images, labels, rate) => {
    const { value, grads } = tf.variableGrads(() => tf.losses.softmaxCrossEntropy(labels, forward(images)), variables);
    for (const each of variables) each.assign(tf.sub(each, tf.mul(grads[each.name], rate)));
    return value;
  },
  { name: 'plain', patterns: mode === 'plain' },
);
const images = tf.randomUniform([batch, pixels, pixels, 3], 0, 1, 'float32', 1);
const rows = Int32Array.from({ length: batch }, (_, i) => i * 7);
const labels = tf.cast(tf.oneHot(tf.tensor1d(rows, 'int32'), 1000), 'float32');
const [times, losses] = [[], []];
let first = 0;
for (let i = 0; i < steps + 2; i++) {
  const started = performance.now();
  const loss = await step.async(images, labels, tf.scalar(0.01));
  losses.push((await loss.data())[0]);
  const elapsed = performance.now() - started;
  if (i === 0) first = elapsed;
  if (i >= 2) times.push(elapsed);
  loss.dispose();
}
times.sort((a, b) => a - b);
const rss = Math.round(process.resourceUsage().maxRSS / 1024);
console.log(losses.slice(0, 4).join(' '));
console.log(JSON.stringify({ median: times[times.length >> 1], min: times[0], rss, first }));
