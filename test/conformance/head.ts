import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureSpec } from '../../backbones/features.js';
import type { Encoder, TargetTypes } from '../../datasets/encoder.js';
import type { Placement } from '../../datasets/placement.js';
import type { Head } from '../../heads/head.js';
import { reduceLosses } from '../../heads/losses/term.js';
import { encodeTargets } from '../../heads/targets.js';
import { randomMaps } from './neck.js';

export interface HeadCases<
  Raw extends tf.Tensor | { readonly [name: string]: tf.Tensor },
  Types extends TargetTypes,
  Truth,
  Result,
> {
  readonly name: string;
  /** What the head is built on. */
  readonly features: FeatureSpec;
  /** [height, width], pixels. */
  readonly inputSize: readonly [number, number];
  readonly encoder: Encoder<Truth, Types>;
  /** One image each; one of them without anything to find. */
  readonly truths: readonly Truth[];
  create(frozen: boolean): Head<keyof FeatureSpec, Raw, Types, Result>;
}

/** What every head promises. */
export function runHeadCases<
  Raw extends tf.Tensor | { readonly [name: string]: tf.Tensor },
  Types extends TargetTypes,
  Truth,
  Result,
>(cases: HeadCases<Raw, Types, Truth, Result>): void {
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
        const targets = encodeTargets(encoder, truths);
        const losses = reduceLosses(head.loss(head.forward(maps(), { training: true }), targets));
        for (const term of Object.values<tf.Scalar>(losses)) {
          expect(term.shape).toEqual([]);
          expect(Number.isFinite(term.dataSync()[0])).toBe(true);
        }
        const trainable = [...head.parameters.values()].map((p) => p.variable).filter((variable) => variable.trainable);
        const cost = () => reduceLosses(head.loss(head.forward(maps(), { training: true }), targets)).total;
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
      const targets = encodeTargets(encoder, truths);
      const raw = head.forward(inputs, { training: true });
      const { total } = tf.tidy(() => ({ total: reduceLosses(head.loss(raw, targets)).total }));
      tf.dispose([raw, total, inputs, targets] as tf.TensorContainer);
      head.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
