/** A backbone as a layer of `tf.model`: `node examples/custom/layers.ts`, Node >= 22.18. */
import * as tf from '@tensorflow/tfjs';
import { asLayer, createEfficientNet, ready } from 'espalier';
import { drawBatch } from './scene.ts';

await ready();
const backbone = createEfficientNet({ arch: 'tf_efficientnet_lite0', levels: ['P4'], frozen: 'P3', seed: 1 });
const inputs = tf.input({ shape: [64, 64, 3] });
const pooled = tf.layers.globalAveragePooling2d({}).apply(asLayer(backbone).apply(inputs));
const outputs = tf.layers.dense({ units: 2 }).apply(pooled) as tf.SymbolicTensor;
const model = tf.model({ inputs, outputs });
model.compile({ optimizer: tf.train.adam(1e-3), loss: 'meanAbsoluteError' });
const { images, targets } = drawBatch(0);
const colour = tf.div(tf.sub(tf.slice4d(images, [0, 0, 0, 0], [-1, -1, -1, 3]), 127), 128);
const { history } = await model.fit(colour, targets.place, { epochs: 3, verbose: 0 });
for (const [epoch, loss] of (history.loss ?? []).entries())
  console.log(`epoch ${epoch + 1}: off by ${Number(loss).toFixed(4)}`);
