import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { EngineError } from '../../errors.js';
import { callSite, describeSite } from '../../source.js';
import type { Tracer } from './trace.js';

/**
 * Ops of tfjs that draw their numbers in JavaScript: a graph would repeat the same ones at each call. They are known by the
 * scope that tfjs opens around each of its ops, which no function of another file has, whatever it is called, and which
 * bundling and minifying keep.
 */
const HOST_RANDOM = /^(rand|random(Uniform|Normal|Gamma)|truncatedNormal)__op$/;

/** What of tfjs changes while a function is traced. */
interface Patched {
  read: (dataId: object) => Promise<unknown>;
  write: (...args: unknown[]) => object;
}

/**
 * Runs a traced function with the ways out of the graph watched: reads of values, numbers drawn in JavaScript, and new
 * variables, which are reported at once, before anything assigns them.
 *
 * Promises are the trap: an asynchronous read would reject one that nobody awaits. It stays pending instead, and
 * the refusal is thrown when the function returns.
 */
export function withTraceGuards<T>(
  backend: NodeJSKernelBackend,
  tracer: Tracer,
  onCreate: (variable: tf.Variable) => void,
  work: () => T,
): T {
  const engine = tf.engine();
  const patched = backend as unknown as Patched;
  const { read, write } = patched;
  const { makeVariable } = engine;
  patched.read = (dataId) => {
    try {
      return Promise.resolve((backend as unknown as { readSync(id: object): unknown }).readSync(dataId));
    } catch {
      return new Promise(() => {}); // the tracer keeps the refusal
    }
  };
  patched.write = (...args) => {
    const scope = engine.state.activeScope?.name ?? '';
    if (HOST_RANDOM.test(scope)) tracer.refuse(bakedRandom(scope.replace(/__op$/, '')));
    return write.apply(backend, args);
  };
  engine.makeVariable = (...args) => {
    const variable = makeVariable.apply(engine, args);
    onCreate(variable);
    return variable;
  };
  try {
    return work();
  } finally {
    patched.read = read;
    patched.write = write;
    engine.makeVariable = makeVariable;
  }
}

function bakedRandom(name: string): EngineError {
  return new EngineError(
    `${describeSite(callSite())}: tf.${name} draws its numbers in JavaScript, so that a compiled function would use the same ones at each call: use statelessUniform or statelessNormal with a seed tensor, or pass the numbers in`,
  );
}
