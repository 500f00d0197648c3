import * as tf from '@tensorflow/tfjs';
import { withGradients } from '../../tfjs.js';

/** Gradients of float16 computations, kept from underflow. */
export interface LossScale {
  /** Traces `work` with scaled gradients; when one overflows, `variables` keep the values they had. */
  run<T>(variables: readonly tf.Variable[], work: () => T): T;
  dispose(): void;
}

const FIRST_SCALE = 2 ** 15;
const LARGEST_SCALE = 2 ** 24;
/** Steps without overflow after which the scale is doubled. */
const GROWTH_STEPS = 2000;

/**
 * Dynamic loss scaling as a part of the graph: each gradient is taken of the scaled value and divided by the scale.
 *
 * @param name names the two variables that hold the state, `NAME/loss_scale` and `NAME/loss_scale_steps`
 * @source Micikevicius et al. 2018, arXiv:1710.03740, section 3.2
 */
export function createLossScale(name: string): LossScale {
  const variable = (suffix: string, value: number): tf.Variable => {
    const initial = tf.scalar(value);
    const made = tf.variable(initial, false, `${name}/${suffix}`);
    initial.dispose();
    return made;
  };
  const scale = variable('loss_scale', FIRST_SCALE);
  const steps = variable('loss_scale_steps', 0);

  return {
    run(variables, work) {
      const before = variables.map((each) => tf.clone(each));
      const checks: tf.Tensor[] = [];
      const result = withScaledGradients(scale, checks, work);
      if (checks.length > 0) {
        const finite = checks.reduce((all, check) => tf.logicalAnd(all, check));
        variables.forEach((each, i) => {
          const kept = before[i] as tf.Tensor;
          if (each !== scale && each !== steps && each.dataId !== kept.dataId)
            each.assign(tf.where(finite, each, kept));
        });
        const counted = tf.add(steps, 1);
        const grows = tf.greaterEqual(counted, GROWTH_STEPS);
        const grown = tf.where(grows, tf.minimum(tf.mul(scale, 2), LARGEST_SCALE), scale);
        scale.assign(tf.where(finite, grown, tf.maximum(tf.div(scale, 2), 1)));
        steps.assign(tf.where(tf.logicalAnd(finite, tf.logicalNot(grows)), counted, tf.zerosLike(steps)));
        tf.dispose(checks);
      }
      return result;
    },
    dispose() {
      scale.dispose();
      steps.dispose();
    },
  };
}

/** The outermost gradient is scaled. */
function withScaledGradients<T>(scale: tf.Variable, checks: tf.Tensor[], work: () => T): T {
  const multiplied = tf.customGrad((...args) => ({
    value: tf.clone(args[0] as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => tf.mul(dy, scale),
  }));
  return withGradients((gradients) => {
    return (f, xs, dy, allowNoGradients) => {
      const scaled = (): never => multiplied(f() as unknown as tf.Tensor) as never;
      const { value, grads } = gradients(scaled, xs, dy, allowNoGradients);
      const unscaled = grads.map((grad) => {
        if (!grad) return grad; // x does not reach y
        const result = tf.div(grad, scale);
        checks.push(tf.keep(tf.all(tf.isFinite(result))));
        return result;
      });
      return { value, grads: unscaled } as never;
    };
  }, work);
}
