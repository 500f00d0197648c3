import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { createClassifier } from '../../backbones/index.js';
import { compile } from '../../engine/compile.js';

it('trains a classifier with dropout, compiled where the engine compiles', () => {
  const network = createClassifier({
    arch: 'tf_efficientnet_lite0',
    classes: 2,
    dropout: 0.5,
    frozen: 'P5',
    seed: 1,
  });
  const trained = [...network.parameters.values()].flatMap(({ variable }) => (variable.trainable ? [variable] : []));
  const step = compile((images: tf.Tensor4D, labels: tf.Tensor2D, seed: tf.Tensor1D) => {
    const { value, grads } = tf.variableGrads(
      () => tf.losses.softmaxCrossEntropy(labels, network.forward(images, { training: true, seed })),
      trained,
    );
    for (const variable of trained) {
      variable.assign(tf.sub(variable, tf.mul(grads[variable.name] as tf.Tensor, 0.1)) as typeof variable);
    }
    return value;
  });
  const images = tf.randomUniform([4, 32, 32, 3], -1, 1, 'float32', 1) as tf.Tensor4D;
  const labels = tf.oneHot([0, 1, 0, 1], 2) as tf.Tensor2D;
  const losses = Array.from({ length: 12 }, (_, at) => {
    const loss = tf.tidy(() => step(images, labels, tf.tensor1d([1, at], 'int32')));
    return loss.dataSync()[0] as number;
  });
  expect(losses.every(Number.isFinite)).toBe(true);
  expect(Math.min(...losses.slice(-4))).toBeLessThan(0.8 * (losses[0] as number));
  step.dispose();
  network.dispose();
});
