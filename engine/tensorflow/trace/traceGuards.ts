import type { Variable } from '@tensorflow/tfjs-core';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { EngineError } from '../../errors.js';
import { callSite, describeSite } from '../../source.js';
import { watchingStorage, watchingVariables } from '../../tfjs.js';
import type { Tracer } from './trace.js';

/**
 * Ops of tfjs that draw their numbers in JavaScript: a graph would repeat the same ones at each call. They are known by the
 * scope that tfjs opens around each of its ops, which no function of another file has, whatever it is called.
 */
const HOST_RANDOM = /^(rand|random(Uniform|Normal|Gamma)|truncatedNormal)__op$/;

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
  onCreate: (variable: Variable) => void,
  work: () => T,
): T {
  const read = (readSync: () => unknown): Promise<unknown> => {
    try {
      return Promise.resolve(readSync());
    } catch {
      return new Promise(() => {}); // the tracer keeps the refusal
    }
  };
  const write = (scope: string): void => {
    if (HOST_RANDOM.test(scope)) tracer.refuse(bakedRandom(scope.replace(/__op$/, '')));
  };
  return watchingStorage(backend, read, write, () => watchingVariables(onCreate, work));
}

function bakedRandom(name: string): EngineError {
  return new EngineError(
    `${describeSite(callSite())}: tf.${name} draws its numbers in JavaScript, so that a compiled function would use the same ones at each call: use statelessUniform or statelessNormal with a seed tensor, or pass the numbers in`,
  );
}
