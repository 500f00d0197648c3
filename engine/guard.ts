import * as tf from '@tensorflow/tfjs';
import { EngineError } from './errors.js';

/** What of tfjs' engine decides where a tensor lives. */
interface Guarded {
  readonly backendInstance: tf.KernelBackend | null;
  readonly pendingBackendInit: Promise<boolean> | null;
  readonly registry: { readonly [name: string]: tf.KernelBackend };
  readonly state: { readonly tensorInfo: WeakMap<object, { readonly backend: tf.KernelBackend }> };
  moveData(backend: tf.KernelBackend, dataId: object): void;
}

const engine = tf.engine() as unknown as Guarded;

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
export function requireEngine(): tf.KernelBackend {
  const { backendInstance, pendingBackendInit } = engine;
  if (!backendInstance || pendingBackendInit) throw new EngineError(BEFORE);
  return backendInstance;
}

/**
 * tfjs copies a tensor that the backend in use does not hold from the one that does: within a compiled function it would become a
 * constant that is never trained. Of a disposed tensor it says that it "cannot read properties of undefined".
 */
function refuseStrangers(): void {
  const { moveData } = engine;
  engine.moveData = (backend, dataId) => {
    const source = engine.state.tensorInfo.get(dataId)?.backend;
    if (!source) throw new EngineError('a tensor or variable was disposed and is used: make it, or its model, anew');
    const [from, to] = [source, backend].map(nameOf);
    if (to === undefined || !opened.has(to)) return moveData.call(engine, backend, dataId);
    throw new EngineError(
      `a tensor or variable that was made on the ${from} engine is used on the ${to} engine: \`ready()\` once, before the first model, or make them anew after it`,
    );
  };
}

const nameOf = (backend: tf.KernelBackend): string | undefined =>
  Object.keys(engine.registry).find((name) => engine.registry[name] === backend);

Object.defineProperty(engine, 'backend', { get: requireEngine, configurable: true });
refuseStrangers();
