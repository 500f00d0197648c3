import type { KernelBackend } from '@tensorflow/tfjs-core';
import { EngineError } from './errors.js';
import { activeBackend, backendOf, guardBackends, nameOfBackend } from './tfjs.js';

/** tfjs names of the backends that `ready` opened. */
const opened = new Set<string>();

/** From now on tensors of other backends are refused here. */
export function keepApart(backendName: string): void {
  opened.add(backendName);
}

const BEFORE = 'no engine is open yet: `await ready()` before the first tensor, model or compiled function';

/**
 * Without an engine tfjs would start one of its own choice, in the background, and take it instead of the one that `ready`
 * opens; so the first use is an error. Called by what asks for no tensor itself.
 *
 * @throws EngineError before `ready`, or while it is under way
 */
export function requireEngine(): KernelBackend {
  const backend = activeBackend();
  if (!backend) throw new EngineError(BEFORE);
  return backend;
}

/**
 * tfjs copies a tensor that the backend in use does not hold from the one that does: within a compiled function it would become a
 * constant that is never trained. Of a disposed tensor it says that it "cannot read properties of undefined".
 */
function refuseStrangers(backend: KernelBackend, dataId: object): void {
  const source = backendOf(dataId);
  if (!source) throw new EngineError('a tensor or variable was disposed and is used: make it, or its model, anew');
  const [from, to] = [source, backend].map(nameOfBackend);
  if (to === undefined || !opened.has(to)) return;
  throw new EngineError(
    `a tensor or variable that was made on the ${from} engine is used on the ${to} engine: \`ready()\` once, before the first model, or make them anew after it`,
  );
}

guardBackends(requireEngine, refuseStrangers);
