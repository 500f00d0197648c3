import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import type { FeatureSpec } from '../../../../backbones/features.js';
import { compile } from '../../../../engine/compile.js';
import { reduceLosses } from '../../../../heads/losses/term.js';
import { createSemanticDecoderHead, type SemanticDecoderOptions } from '../../../../heads/semantic/decoderHead.js';
import { randomMaps } from '../../../conformance/neck.js';

const level = (channels: number, stride: number) => ({ channels, stride, tap: '' });
const features = {
  P1: level(4, 2),
  P2: level(4, 4),
  P3: level(8, 8),
  P4: level(8, 16),
  P5: level(8, 32),
} as FeatureSpec;

/** The decoders that hold every op of the others, and whether they make coarser maps on their way. */
const KINDS = [
  ['unetplusplus', true],
  ['manet', true],
  ['linknet', true],
  ['fpn', false],
  ['deeplabv3plus', false],
  ['pan', false],
] as const;

it.each(KINDS)(
  'a compiled step of %s with all its losses gives a gradient to every parameter',
  (kind, deepSupervision) => {
    const config: SemanticDecoderOptions = {
      decoder: { kind },
      classes: 2,
      inputSize: [32, 64],
      auxiliary: { classes: 2 },
      deepSupervision,
    };
    const head = createSemanticDecoderHead(config, features);
    const variables = [...head.parameters.values()].map((p) => p.variable).filter((variable) => variable.trainable);
    const maps = tf.tidy(() => randomMaps(features, 2, [32, 64]));
    const seed = tf.tensor1d([1, 2], 'int32');
    const mask = tf.tidy(() =>
      tf.cast<tf.Tensor3D>(tf.greater(tf.randomUniform([2, 32, 64], 0, 1, 'float32', 1), 0.5), 'int32'),
    );
    const step = compile(
      (input: typeof maps, target: tf.Tensor3D, drawn: tf.Tensor) => {
        const pass = { training: true, seed: drawn as tf.Tensor1D };
        const cost = () => reduceLosses(head.loss(head.forward(input, pass), { mask: target })).total;
        const { value, grads } = tf.variableGrads(cost, variables);
        return { value, gradients: variables.map(({ name }) => grads[name] as tf.Tensor) };
      },
      { name: kind },
    );
    const { value, gradients } = step(maps, mask, seed);
    expect(Number.isFinite(value.dataSync()[0])).toBe(true);
    expect(gradients).toHaveLength(variables.length);
    expect(gradients.every((gradient) => gradient.dataSync().every(Number.isFinite))).toBe(true);
    tf.dispose([value, gradients, maps, mask, seed] as tf.TensorContainer);
    step.dispose();
    head.dispose();
  },
);
