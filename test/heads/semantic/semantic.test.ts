import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureSpec } from '../../../backbones/features.js';
import { IGNORED } from '../../../datasets/sample.js';
import { resizeBilinear } from '../../../engine/kernels/index.js';
import { createRandom } from '../../../engine/random.js';
import { createSegmenter, createSemanticHead, reduceLosses, semanticLossConfig } from '../../../heads/index.js';
import { decodeClassMap } from '../../../heads/semantic/decode.js';
import { createEncoder } from '../../../heads/semantic/encoder.js';
import { semanticLoss } from '../../../heads/semantic/loss.js';

const whole = (height: number, width: number) => ({ width, height, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 });

describe('semantic encoder', () => {
  it('writes the class of every pixel, -1 where it is ignored', () => {
    const encoder = createEncoder({ inputSize: [2, 3] });
    const mask = new Int32Array(6);
    encoder.encode(
      { kind: 'classMap', mask: Uint8Array.from([0, 1, 2, IGNORED, 1, 0]), width: 3, height: 2 },
      { mask },
    );
    expect([...mask]).toEqual([0, 1, 2, -1, 1, 0]);
    expect(encoder.targets).toEqual({ mask: { shape: [2, 3], dtype: 'int32' } });
  });

  it('writes the distances of classes that overlap, each to its own boundary', () => {
    const encoder = createEncoder({ inputSize: [1, 4], distances: 2, overlaps: true });
    const [mask, distances] = [new Int32Array(4), new Float32Array(8)];
    // Sets {a}, {a, b}, {b}, {}: a is in pixels 0 and 1, b in 1 and 2.
    encoder.encode(
      { kind: 'classMap', mask: Uint8Array.of(1, 3, 2, 0), width: 4, height: 1, overlaps: true },
      { mask, distances },
    );
    const of = (label: number) => [...distances].filter((_, i) => i % 2 === label);
    expect(of(0)).toEqual([-1.5, -0.5, 0.5, 1.5]);
    expect(of(1)).toEqual([0.5, -0.5, -0.5, 0.5]);
    expect([...mask]).toEqual([1, 3, 2, 0]);
  });

  it('refuses a map of another size than the input', () => {
    const encoder = createEncoder({ inputSize: [2, 3] });
    const truth = { kind: 'classMap', mask: new Uint8Array(6), width: 2, height: 3 } as const;
    expect(() => encoder.encode(truth, { mask: new Int32Array(6) })).toThrow(
      'a class map is 3 x 2 pixels, the network input 2 x 3: transform it with its image',
    );
  });
});

describe('semantic decoding', () => {
  it('gives back any class map that goes through at full resolution', () => {
    const random = createRandom([8]);
    const [height, width, classes] = [13, 9, 5];
    const truth = Uint8Array.from({ length: height * width }, () => random.integer(classes));
    const scores = new Float32Array(height * width * classes);
    truth.forEach((label, i) => {
      scores[i * classes + label] = 1;
    });
    const grid = { scores, height, width, classes };
    expect(decodeClassMap(grid, [height, width], whole(height, width))).toEqual({ mask: truth, width, height });
  });

  it('reads between cells as the bilinear kernel resizes', () => {
    const random = createRandom([9]);
    const [height, width, classes] = [4, 5, 3];
    const scores = Float32Array.from({ length: height * width * classes }, () => random.normal());
    const expected = tf.tidy(() => {
      const resized = resizeBilinear(tf.tensor4d(scores, [1, height, width, classes]), 16, 20);
      return [...tf.argMax(resized, 3).dataSync()];
    });
    const { mask } = decodeClassMap({ scores, height, width, classes }, [16, 20], whole(16, 20));
    expect([...mask]).toEqual(expected);
  });

  it('undoes the placement: only the part of the input that shows the image is read', () => {
    // a 2 x 2 image enlarged four times into the middle of 8 x 16, left half class 1, right half class 2; padding is class 0
    const scores = new Float32Array(8 * 16 * 3);
    for (let i = 0; i < 8 * 16; i++) {
      const x = i % 16;
      scores[i * 3 + (x < 4 || x >= 12 ? 0 : x < 8 ? 1 : 2)] = 1;
    }
    const placement = { width: 2, height: 2, scaleX: 4, scaleY: 4, offsetX: 4, offsetY: 0 };
    const { mask } = decodeClassMap({ scores, height: 8, width: 16, classes: 3 }, [8, 16], placement);
    expect([...mask]).toEqual([1, 2, 1, 2]);
  });
});

describe('semantic loss', () => {
  const options = semanticLossConfig.parse({ dice: { weight: 0.5 } });
  const loss = (logits: tf.Tensor4D, mask: tf.Tensor3D) => reduceLosses(semanticLoss(logits, { mask }, options));

  it('is small for the right answer and does not see ignored pixels', () => {
    tf.tidy(() => {
      const mask = tf.tensor3d([0, 1, 1, -1], [1, 2, 2], 'int32');
      const logits = (last: number) => tf.tensor4d([9, -9, -9, 9, -9, 9, last, -last], [1, 2, 2, 2]);
      const values = [9, -9].map((last) => loss(logits(last), mask).total.dataSync()[0]!);
      expect(values[0]).toBeLessThan(1e-3);
      expect(values[1]).toBe(values[0]);
      const wrong = loss(tf.neg(logits(0)), mask);
      expect(wrong.crossEntropy?.dataSync()[0]).toBeCloseTo(18, 4);
      expect(wrong.total.dataSync()[0]).toBeCloseTo(18 + 0.5 * wrong.dice!.dataSync()[0]!, 4);
    });
  });

  it('is 0 with finite gradients when every pixel is ignored', () => {
    tf.tidy(() => {
      const mask = tf.fill<tf.Rank.R3>([1, 4, 4], -1, 'int32');
      const gradient = tf.grad((x) => loss(x as tf.Tensor4D, mask).total)(tf.ones([1, 2, 2, 3]));
      expect([...gradient.dataSync()].every((value) => Math.abs(value) === 0)).toBe(true);
    });
  });
});

describe('semantic head', () => {
  it('asks for one weight per class', () => {
    const config = { classes: 3, inputSize: [32, 32], loss: { crossEntropy: { classWeights: [1, 2] } } } as const;
    const features = { P2: { channels: 4, stride: 4, tap: '' } } as FeatureSpec;
    expect(() => createSemanticHead(config, features)).toThrow(
      'loss.crossEntropy.classWeights has 2 values for 3 classes',
    );
    expect(() => createSegmenter({ backbone: 'tf_efficientnet_lite0', classes: 1, inputSize: [64, 64] })).toThrow(
      'semantic head: 1 classes: a pixel is one of 2 to 255, the background counts',
    );
  });

  it.each([
    [4, [1, 17, 24, 3]],
    [2, [1, 33, 48, 3]],
  ] as const)('gives logits at stride %i, and a class map of the original size', async (stride, shape) => {
    const before = tf.memory().numTensors;
    const { model, encoder } = createSegmenter({
      backbone: 'tf_efficientnet_lite0',
      classes: 3,
      inputSize: [66, 96],
      neck: { channels: 8, repeats: 1 },
      head: { stride, channels: 8 },
    });
    const raw = tf.tidy(() => model.forward(tf.zeros<tf.Rank.R4>([1, 66, 96, 3]), { training: false }));
    expect(raw.shape).toEqual(shape);
    const [map] = await model.decode(raw, [{ ...whole(33, 48), scaleX: 2, scaleY: 2 }]);
    expect([map!.width, map!.height, map!.mask.length]).toEqual([48, 33, 33 * 48]);
    expect(encoder.module).toMatch(/\/heads\/semantic\/encoder\.js$/);
    expect([...model.parameters.keys()].filter((name) => !/^(backbone|fpn|semantic)\./.test(name))).toEqual([]);
    raw.dispose();
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('distances for a boundary loss', () => {
  it('are written where a config asks for it, and teach', async () => {
    const { encoder, model } = createSegmenter({
      backbone: 'tf_efficientnet_lite0',
      classes: 3,
      inputSize: [64, 64],
      neck: { channels: 8, repeats: 1 },
      head: { channels: 8, loss: { boundary: { weight: 0.01 } } },
    });
    expect(encoder.config).toEqual({ inputSize: [64, 64], distances: 3 });
    const { targets, encode } = createEncoder({ inputSize: [2, 2], distances: 2 });
    expect(targets.distances).toEqual({ shape: [2, 2, 2], dtype: 'float32' });
    const into = { mask: new Int32Array(4), distances: new Float32Array(8).fill(9) };
    encode({ kind: 'classMap', mask: Uint8Array.of(0, 1, 0, 1), width: 2, height: 2 }, into);
    expect([...into.distances]).toEqual([-0.5, 0.5, 0.5, -0.5, -0.5, 0.5, 0.5, -0.5]);
    tf.tidy(() => {
      const mask = tf.zeros<tf.Rank.R3>([1, 64, 64], 'int32');
      expect(() => model.loss(tf.zeros<tf.Rank.R4>([1, 16, 16, 3]), { mask })).toThrow(
        "the boundary loss needs targets called 'distances'",
      );
      const distances = tf.fill<tf.Rank.R4>([1, 64, 64, 3], -2);
      const losses = reduceLosses(model.loss(tf.zeros<tf.Rank.R4>([1, 16, 16, 3]), { mask, distances }));
      expect(losses.boundary?.dataSync()[0]).toBeCloseTo(-2, 3); // a sum of 12288 values in float32
    });
    model.dispose();
  });
});
