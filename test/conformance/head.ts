import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureSpec } from '../../backbones/features.js';
import type { Encoder } from '../../datasets/encoder.js';
import type { Placement } from '../../datasets/placement.js';
import type { Head, TargetTensors } from '../../heads/head.js';
import { randomMaps } from './neck.js';

export interface HeadCases<Raw extends tf.Tensor | { readonly [name: string]: tf.Tensor }, Truth, Result> {
  readonly name: string;
  /** What the head is built on. */
  readonly features: FeatureSpec;
  /** [height, width], pixels. */
  readonly inputSize: readonly [number, number];
  readonly encoder: Encoder<Truth>;
  /** One image each; one of them without anything to find. */
  readonly truths: readonly Truth[];
  create(frozen: boolean): Head<keyof FeatureSpec, Raw, Result>;
}

/** Targets of a batch as the loader makes them. */
export function batchTargets<Truth>(encoder: Encoder<Truth>, truths: readonly Truth[]): TargetTensors {
  const rows = truths.map((truth) => {
    const arrays = Object.fromEntries(
      Object.entries(encoder.targets).map(([name, { shape, dtype }]) => {
        const count = shape.reduce((product, size) => product * size, 1);
        return [name, dtype === 'int32' ? new Int32Array(count).fill(77) : new Float32Array(count).fill(77)];
      }),
    );
    encoder.encode(truth, arrays);
    return arrays;
  });
  return Object.fromEntries(
    Object.entries(encoder.targets).map(([name, { shape, dtype }]) => [
      name,
      tf.stack(rows.map((arrays) => tf.tensor(arrays[name]!, [...shape], dtype))),
    ]),
  );
}

/** What every head promises. */
export function runHeadCases<Raw extends tf.Tensor | { readonly [name: string]: tf.Tensor }, Truth, Result>(
  cases: HeadCases<Raw, Truth, Result>,
): void {
  const { name, features, inputSize, encoder, truths, create } = cases;
  const count = truths.length;
  const maps = () => randomMaps(features, count, inputSize);
  const flat = (raw: Raw): readonly tf.Tensor[] => (raw instanceof tf.Tensor ? [raw] : Object.values(raw));

  describe(`${name} as a head`, () => {
    it('gives the same shapes in training', () => {
      const head = create(false);
      tf.tidy(() => {
        const [training, inference] = [true, false].map((on) => flat(head.forward(maps(), { training: on })));
        expect(training!.map((t) => t.shape)).toEqual(inference!.map((t) => t.shape));
        expect(training!.every((t) => t.shape[0] === count && t.dtype === 'float32')).toBe(true);
      });
      head.dispose();
    });

    it('has finite scalar losses whose total every trainable parameter moves', () => {
      const head = create(false);
      tf.tidy(() => {
        const targets = batchTargets(encoder, truths);
        const losses = head.loss(head.forward(maps(), { training: true }), targets);
        for (const term of Object.values(losses)) {
          expect(term.shape).toEqual([]);
          expect(Number.isFinite(term.dataSync()[0])).toBe(true);
        }
        const trainable = [...head.parameters.values()].map((p) => p.variable).filter((variable) => variable.trainable);
        const cost = () => head.loss(head.forward(maps(), { training: true }), targets).total as tf.Scalar;
        const { grads } = tf.variableGrads(cost, trainable);
        const sizes = Object.values(grads).map((gradient) => tf.sum(tf.abs(gradient)).dataSync()[0]!);
        expect(sizes).toHaveLength(trainable.length);
        expect(sizes.every(Number.isFinite)).toBe(true);
        const isSingle = count * inputSize[0] * inputSize[1] === 1; // a batch norm of one value hides what is before it
        expect(sizes.filter((size) => size > 0).length).toBeGreaterThan(isSingle ? 0 : sizes.length / 2);
      });
      head.dispose();
    });

    it('moves nothing when frozen', () => {
      const head = create(true);
      tf.tidy(() => {
        const values = () => [...head.parameters.values()].map((p) => p.variable.dataSync());
        const before = values();
        head.forward(maps(), { training: true });
        expect(values()).toEqual(before);
        expect([...head.parameters.values()].some((p) => p.variable.trainable)).toBe(false);
      });
      head.dispose();
    });

    it('answers once per image', async () => {
      const head = create(false);
      const raw = tf.tidy(() => head.forward(maps(), { training: false }));
      const [height, width] = inputSize;
      const placement: Placement = { width, height, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
      expect(
        await head.decode(
          raw,
          truths.map(() => placement),
        ),
      ).toHaveLength(count);
      tf.dispose(raw);
      head.dispose();
    });

    it('leaves no tensor behind', () => {
      const before = tf.memory().numTensors;
      const head = create(false);
      const inputs = maps();
      const targets = tf.tidy(() => batchTargets(encoder, truths));
      const raw = head.forward(inputs, { training: true });
      const losses = head.loss(raw, targets);
      tf.dispose([raw, losses, inputs, targets] as tf.TensorContainer);
      head.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
