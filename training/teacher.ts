import * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from '../backbones/backbone.js';
import type { TargetTypes } from '../datasets/encoder.js';
import { ConfigError } from '../engine/errors.js';
import { qualityFocalLoss } from '../heads/losses/qualityFocal.js';
import { type LossTerm, quotient } from '../heads/losses/term.js';
import type { TrainableModel } from './step.js';

export interface TeacherOptions {
  /** True: one class is right, and logits are compared by their softmax; false: each class by itself. */
  readonly isExclusive: boolean;
  /** Divides logits whose classes exclude each other, so that also small probabilities count; 1 or more. */
  readonly temperature: number;
  /** Weight of the term in the loss. */
  readonly weight: number;
}

/** What answers beside a network in training; its variables are not touched. */
export type Teacher = Pick<TrainableModel, 'preprocessing' | 'forward'>;

interface Taught<Raw> {
  readonly raw: Raw;
  readonly teacher: tf.Tensor;
}

/**
 * A network whose loss has one more term, `teacher`: how far its logits are from those of another network for the same images, which
 * is not trained. Parameters, and with them checkpoints, are the student's alone.
 *
 * @throws ConfigError on the first forward, when the two give logits of different shapes
 * @source exclusive classes: Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2, with the factor temperature ** 2; others: the
 * teacher's probabilities as qualities, Li et al. 2020, arXiv:2006.04388, equation 2
 */
export function withTeacher<Raw, Types extends TargetTypes>(
  student: TrainableModel<Raw, Types>,
  teacher: Teacher,
  options: TeacherOptions,
): TrainableModel<Taught<Raw>, Types> {
  return {
    parameters: student.parameters,
    dispose: student.dispose,
    get preprocessing() {
      return student.preprocessing;
    },
    forward: (images, pass) => {
      const seen = renormalised(images, student.preprocessing, teacher.preprocessing);
      const answer = logitsOf(teacher.forward(seen, { training: false }));
      return { raw: student.forward(images, pass), teacher: answer };
    },
    loss: ({ raw, teacher: answer }, targets, progress) => {
      const own = logitsOf(raw);
      if (own.shape.join() !== answer.shape.join()) {
        throw new ConfigError(
          `train.teacher gives logits [${answer.shape}], this network [${own.shape}]: take a teacher of the same head, levels and classes`,
        );
      }
      return { ...student.loss(raw, targets, progress), teacher: term(own, answer, options) };
    },
  };
}

function term(own: tf.Tensor, answer: tf.Tensor, { isExclusive, temperature, weight }: TeacherOptions): LossTerm {
  if (!isExclusive || own.shape.at(-1) === 1) {
    const qualities = tf.sigmoid(answer);
    const sum = tf.sum<tf.Scalar>(qualityFocalLoss(own, qualities, 2));
    return quotient(sum, tf.sum<tf.Scalar>(qualities), { plus: 1, weight });
  }
  const classes = own.shape.at(-1) ?? 1;
  const [student, wanted] = [own, answer].map((logits) => tf.reshape(tf.div(logits, temperature), [-1, classes]));
  const [log, aim] = [tf.logSoftmax(student as tf.Tensor2D), tf.logSoftmax(wanted as tf.Tensor2D)];
  const divergence = tf.sum<tf.Scalar>(tf.mul(tf.exp(aim), tf.sub(aim, log)));
  const count = tf.scalar(own.size / classes, 'float32');
  return quotient(tf.mul<tf.Scalar>(divergence, temperature ** 2), count, { weight });
}

/** The logits of the classes in what a head gives. */
function logitsOf(raw: unknown): tf.Tensor {
  const logits: unknown = raw instanceof tf.Tensor ? raw : Reflect.get(Object(raw), 'logits');
  if (logits instanceof tf.Tensor) return logits;
  throw new ConfigError('train.teacher: the head gives no logits of classes');
}

/** Images as another network expects them. */
function renormalised(images: tf.Tensor4D, from: Preprocessing, to: Preprocessing): tf.Tensor4D {
  const scale = from.std.map((std, c) => std / (to.std[c] ?? 1));
  const shift = from.mean.map((mean, c) => (mean - (to.mean[c] ?? 0)) / (to.std[c] ?? 1));
  if (scale.every((value) => value === 1) && shift.every((value) => value === 0)) return images;
  return tf.add(tf.mul(images, tf.tensor1d(scale)), tf.tensor1d(shift));
}
