import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test } from 'vitest';
import { createRandom } from '../../engine/random.js';
import { reduceLosses } from '../../heads/losses/term.js';
import { createAdamW } from '../../training/optimizers.js';
import { createTrainingStep } from '../../training/step.js';
import { withTeacher } from '../../training/teacher.js';
import { createTinyModel, snapshot } from './tinyModel.js';

afterEach(() => tf.disposeVariables());

/** A network whose logits are given. */
const fixed = (logits: readonly (readonly number[])[]) => {
  return { ...createTinyModel(), forward: () => tf.tensor2d(logits as number[][]) };
};
const images = (): tf.Tensor4D => tf.zeros([2, 4, 4, 3]);
const targets = () => ({ classes: tf.tensor1d([0, 1], 'int32') });

function teacherTerm(
  own: readonly (readonly number[])[],
  answer: readonly (readonly number[])[],
  isExclusive: boolean,
) {
  const model = withTeacher(fixed(own), fixed(answer), { isExclusive, temperature: 2, weight: 3 });
  const terms = model.loss(model.forward(images(), { training: true }), targets());
  const { teacher, total, crossEntropy, size } = reduceLosses(terms as typeof terms & { teacher: never });
  const numbers = [teacher, total, crossEntropy, size].map((value) => value?.dataSync()[0] ?? 0);
  return { term: numbers[0] as number, rest: (numbers[1] ?? 0) - (numbers[2] ?? 0) - (numbers[3] ?? 0) };
}

test('exclusive classes: the divergence at temperature 2, times 4, of the images in the mean, by hand', () => {
  const { term, rest } = teacherTerm(
    [
      [2, 0],
      [1, 1],
    ],
    [
      [0, 0],
      [1, 1],
    ],
    true,
  );
  const p = 1 / (1 + Math.exp(-1)); // softmax of [2, 0] / 2
  const divergence = 0.5 * Math.log(0.5 / p) + 0.5 * Math.log(0.5 / (1 - p));
  expect(term).toBeCloseTo((4 * divergence) / 2, 5); // the second image agrees
  expect(rest).toBeCloseTo(3 * term, 5);
});

test('classes by themselves: quality focal loss at the probabilities of the teacher, over their sum and one, by hand', () => {
  const { term } = teacherTerm(
    [
      [0, 5],
      [0, 0],
    ],
    [
      [0, 5],
      [2, 0],
    ],
    false,
  );
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
  const q = sigmoid(2); // the only one that differs: (q - 0.5) ** 2 times a cross-entropy of log 2
  expect(term).toBeCloseTo(((q - 0.5) ** 2 * Math.log(2)) / (1 + 0.5 + sigmoid(5) + q + 0.5), 5);
});

test('images are normalised as the teacher expects them', () => {
  const student = createTinyModel();
  const seen: number[] = [];
  const preprocessing = { channels: 'RGB', mean: [100, 0, 50], std: [50, 1, 64] } as const;
  const teacher = {
    preprocessing,
    forward: (input: tf.Tensor4D) => {
      seen.push(...input.dataSync().slice(0, 3));
      return tf.zeros([2, 2]);
    },
  };
  const model = withTeacher(student, teacher, { isExclusive: true, temperature: 1, weight: 1 });
  model.forward(tf.ones([2, 4, 4, 3]), { training: true }); // pixels of 127 + 128 = 255
  [155 / 50, 255, 205 / 64].forEach((value, i) => {
    expect(seen[i]).toBeCloseTo(value, 3);
  });
});

test('a student without labels that tell comes to its teacher, which does not move', async () => {
  const [student, teacher] = [createTinyModel({ seed: 1 }), createTinyModel({ seed: 2 })];
  const before = snapshot(teacher);
  const blind = {
    ...student,
    loss: (logits: tf.Tensor2D) => ({ none: student.loss(logits, targets8()).size as never }),
  };
  const options = { isExclusive: true, temperature: 2, weight: 10 };
  const model = withTeacher(blind as unknown as typeof student, teacher, options);
  const optimizer = createAdamW(model.parameters);
  const step = createTrainingStep({ model, optimizer });
  const losses: number[] = [];
  for (let i = 0; i < 60; i++) {
    const random = createRandom([i]);
    const pixels = tf.tensor4d(
      Int32Array.from({ length: 8 * 48 }, () => random.integer(255)),
      [8, 4, 4, 3],
      'int32',
    );
    const result = await step.run(pixels, targets8(), { step: i, learningRate: 0.03 });
    losses.push(result.losses.teacher?.dataSync()[0] ?? Number.NaN);
  }
  expect(losses.at(-1)).toBeLessThan(0.2 * (losses[0] ?? 0));
  expect(snapshot(teacher)).toEqual(before);
  expect(Object.keys(snapshot(student))).toEqual([...model.parameters.keys()]);
});

const targets8 = () => ({ classes: tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32') });

test('a teacher of other classes is refused with both shapes', () => {
  const model = withTeacher(fixed([[1, 2]]), fixed([[1, 2, 3]]), { isExclusive: true, temperature: 1, weight: 1 });
  expect(() => model.loss(model.forward(images(), { training: true }), targets())).toThrow(
    'train.teacher gives logits [1,3], this network [1,2]',
  );
});
