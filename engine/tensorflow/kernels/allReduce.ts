import * as tf from '@tensorflow/tfjs';
import { membership } from '../../collective.js';
import { hashName } from '../../random.js';
import type { Tracer } from '../trace/trace.js';
import { tracerOf } from '../trace/trace.js';
import { attr, input, type Twin } from './twin.js';

/** All processes. */
const GROUP_KEY = 1;
/** Functions have the keys above, operations executed one by one those below. */
const FIRST_FUNCTION_KEY = 2 ** 30;
const KEYS_PER_FUNCTION = 2 ** 16;

const made = new WeakMap<Tracer, number>();
let executed = 0;

/**
 * By these the processes find each other's operations: a function's are numbered in the order of its trace, which is the same
 * everywhere.
 */
function instanceKey(tracer: Tracer | undefined): number {
  if (!tracer) {
    executed = (executed + 1) % FIRST_FUNCTION_KEY;
    return executed;
  }
  const count = made.get(tracer) ?? 0;
  made.set(tracer, count + 1);
  const functions = FIRST_FUNCTION_KEY / KEYS_PER_FUNCTION;
  const place = hashName(tracer.options.name ?? '') % functions;
  return FIRST_FUNCTION_KEY + place * KEYS_PER_FUNCTION + (count % KEYS_PER_FUNCTION);
}

/** TensorFlow's ring over its own connections. */
export const allReduce: Twin = (ops, inputs, { mean }) => {
  const cluster = membership();
  const tracer = tracerOf(ops.binding);
  const x = input(inputs, 'x');
  if (!cluster || tracer?.options.plain) return tf.clone(x);
  return tf.tidy(() => {
    const key = instanceKey(tracer);
    const numbers = [cluster.addresses.length, GROUP_KEY, key].map((value) => tf.scalar(value, 'int32'));
    const attrs = [
      attr.type('T', ops.getDTypeInteger(x.dtype)),
      attr.string('merge_op', 'Add'),
      attr.string('final_op', mean ? 'Div' : 'Id'),
      attr.string('communication_hint', 'ring'),
      attr.int('Nordering_token', 0),
    ];
    return ops.executeSingleOutput('CollectiveReduceV2', attrs, [x, ...numbers]);
  });
};
