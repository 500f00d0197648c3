import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../engine/random.js';

/** Shape and seeded values of an input: uniform in [-2, 2), or as given. */
export interface CaseInput {
  readonly shape: readonly number[];
  readonly values?: readonly number[];
}

export interface KernelCase {
  /** A sentence: what this case shows. */
  readonly name: string;
  readonly inputs: { readonly [name: string]: CaseInput };
  /** The kernel; several outputs are checked one after another. */
  run(inputs: { readonly [name: string]: tf.Tensor }): tf.Tensor | readonly tf.Tensor[];
  /** The same by plain loops over row-major values; one list per output. */
  readonly expected?: (values: { readonly [name: string]: readonly number[] }) => readonly (readonly number[])[];
  /** Inputs whose gradient is compared with central finite differences of the first output. */
  readonly differentiable: readonly string[];
  /** Largest error, relative to max(1, |expected|); float32 and a step of 1/64 leave about 1e-4. */
  readonly tolerance?: number;
}

const STEP = 1 / 64;

/** Checks a kernel on the current engine: values, gradients, and that no tensor is left behind. */
export function runKernelCases(kernelName: string, cases: readonly KernelCase[]): void {
  describe(`${kernelName}`, () => {
    for (const current of cases) {
      const values = Object.fromEntries(
        Object.entries(current.inputs).map(([name, input], i) => [name, input.values ?? randomValues(input.shape, i)]),
      );
      if (current.expected) {
        const { expected } = current;
        it(`${current.name}: equals plain loops`, () => {
          const wanted = expected(values);
          const outputs = evaluate(current, values);
          expect(outputs.length).toBe(wanted.length);
          outputs.forEach((output, i) => {
            expectClose(output, wanted[i] as readonly number[], 1e-5);
          });
        });
      }
      for (const name of current.differentiable) {
        it(`${current.name}: the gradient of ${name} equals finite differences`, () => {
          expectClose(analytic(current, values, name), numeric(current, values, name), current.tolerance ?? 2e-3);
        });
      }
      it(`${current.name}: leaves no tensor behind`, () => {
        evaluate(current, values);
        const before = tf.memory().numTensors;
        evaluate(current, values);
        for (const name of current.differentiable) analytic(current, values, name);
        expect(tf.memory().numTensors).toBe(before);
      });
    }
  });
}

/** Seeded values in [-2, 2), no two closer than a finite difference's reach, so that maxima do not change hands. */
export function randomValues(shape: readonly number[], seed: number): number[] {
  const size = shape.reduce((product, length) => product * length, 1);
  const random = createRandom([7, seed]);
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const spacing = Math.max(4 / Math.max(1, size), 3 * STEP);
  return order.map((rank) => Math.fround((rank - size / 2) * spacing + random.uniform(0, STEP / 2)));
}

export function expectClose(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  let where = -1;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs((actual[i] as number) - (expected[i] as number));
    const error = Number.isNaN(difference) ? Infinity : difference / Math.max(1, Math.abs(expected[i] as number));
    if (error > worst) {
      worst = error;
      where = i;
    }
  }
  expect(worst, `value ${where}: ${actual[where]} instead of ${expected[where]}`).toBeLessThanOrEqual(tolerance);
}

type Values = { readonly [name: string]: readonly number[] };

function tensorsOf(current: KernelCase, values: Values): { readonly [name: string]: tf.Tensor } {
  return Object.fromEntries(
    Object.entries(current.inputs).map(([name, { shape }]) => [
      name,
      tf.tensor([...(values[name] ?? [])], [...shape], 'float32'),
    ]),
  );
}

function evaluate(current: KernelCase, values: Values): number[][] {
  return tf.tidy(() => {
    const output = current.run(tensorsOf(current, values));
    return (output instanceof tf.Tensor ? [output] : output).map((tensor) => Array.from(tensor.dataSync()));
  });
}

function analytic(current: KernelCase, values: Values, name: string): number[] {
  return tf.tidy(() => {
    const tensors = tensorsOf(current, values);
    const gradient = tf.grad((x) => {
      const output = current.run({ ...tensors, [name]: x });
      const first = output instanceof tf.Tensor ? output : (output[0] as tf.Tensor);
      return tf.sum(tf.mul(first, tf.tensor(randomValues(first.shape, 99), first.shape)));
    });
    return Array.from(gradient(tensors[name] as tf.Tensor).dataSync());
  });
}

function numeric(current: KernelCase, values: Values, name: string): number[] {
  const loss = (changed: readonly number[]): number => {
    const output = evaluate(current, { ...values, [name]: changed })[0] as number[];
    const weights = randomValues([output.length], 99);
    return output.reduce((sum, value, i) => sum + value * Math.fround(weights[i] as number), 0);
  };
  const point = values[name] as readonly number[];
  return point.map((value, i) => {
    const high = Math.fround(value + STEP);
    const low = Math.fround(value - STEP);
    return (loss(point.with(i, high)) - loss(point.with(i, low))) / (high - low);
  });
}
