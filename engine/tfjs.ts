import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from './errors.js';

/**
 * The inside of TensorFlow.js that this library reads or replaces. Everything that its types hide, and every function of it
 * that is replaced, is in this file: a new version of tfjs has one file to be compared with.
 */

/** Version whose inside this file was written for; patch releases do not change it. */
const WRITTEN_FOR = '4.22';

/** An entry of the tape: one op that was executed, and what its gradient will read. */
interface TapeEntry {
  readonly saved?: readonly tf.Tensor[];
}

/** The parts of tfjs's engine that its types hide or call read-only. */
interface Inside {
  backendName: string | null;
  backendInstance: tf.KernelBackend | null;
  readonly pendingBackendInit: Promise<boolean> | null;
  readonly registry: { readonly [name: string]: tf.KernelBackend };
  readonly state: {
    kernelDepth: number;
    readonly gradientDepth: number;
    activeTape: readonly TapeEntry[] | null;
    readonly activeScope: { readonly name: string } | null;
    readonly tensorInfo: WeakMap<object, { readonly backend: tf.KernelBackend }>;
  };
  moveData: (backend: tf.KernelBackend, dataId: object) => void;
  runKernelFunc: (call: { readonly inputs: object }) => unknown;
  runKernel: (name: string, inputs: tf.NamedTensorMap, attributes?: tf.NamedAttrMap) => tf.Tensor | tf.Tensor[];
  makeVariable: (...args: never[]) => tf.Variable;
  gradients: ReturnType<typeof tf.engine>['gradients'];
  trackTensor: (tensor: tf.Tensor, backend: tf.KernelBackend) => void;
  disposeTensor: (tensor: tf.Tensor) => void;
}

const METHODS = [
  'moveData',
  'runKernelFunc',
  'runKernel',
  'makeVariable',
  'gradients',
  'trackTensor',
  'disposeTensor',
] as const;

const inside = tf.engine() as unknown as Inside;

/**
 * Refuses a tfjs whose inside is another one.
 *
 * @throws EngineError naming the version that was found and the one to install
 */
export function requireKnownTfjs(version: string = tf.version_core, engine: object = inside): void {
  const missing = METHODS.filter((name) => typeof Reflect.get(engine, name) !== 'function');
  if (version.startsWith(`${WRITTEN_FOR}.`) && missing.length === 0) return;
  const lacks = missing.length > 0 ? ` (its engine has no ${missing.join(', ')})` : '';
  throw new EngineError(
    `TensorFlow.js ${version} is installed${lacks}, and espalier was written for ${WRITTEN_FOR}: npm install @tensorflow/tfjs@${WRITTEN_FOR}`,
  );
}

/** Puts another function in place of a method; the result puts the first one back. */
function replace<Host extends object, Name extends keyof Host>(
  host: Host,
  name: Name,
  make: (original: Host[Name]) => Host[Name],
): () => void {
  const original = host[name];
  host[name] = make(original);
  return () => {
    host[name] = original;
  };
}

/** Runs `work` with another function in place of a method of the engine. */
function withReplaced<Name extends keyof Inside, T>(
  name: Name,
  make: (original: Inside[Name]) => Inside[Name],
  work: () => T,
): T {
  const restore = replace(inside, name, make);
  try {
    return work();
  } finally {
    restore();
  }
}

/** Backend in use; null: none, or one that is still starting. */
export function activeBackend(): tf.KernelBackend | null {
  return inside.pendingBackendInit ? null : inside.backendInstance;
}

/** Backend that holds the values of a tensor; undefined: it was disposed. */
export const backendOf = (dataId: object): tf.KernelBackend | undefined => inside.state.tensorInfo.get(dataId)?.backend;

/** Name that a backend is registered with. */
export const nameOfBackend = (backend: tf.KernelBackend): string | undefined =>
  Object.keys(inside.registry).find((name) => inside.registry[name] === backend);

/** Asks `backend` whenever tfjs wants the backend in use, and `allow` before it copies a tensor to another one; for good. */
export function guardBackends(backend: () => tf.KernelBackend, allow: Inside['moveData']): void {
  Object.defineProperty(inside, 'backend', { get: backend, configurable: true });
  replace(inside, 'moveData', (move) => (to, dataId) => {
    allow(to, dataId);
    move.call(inside, to, dataId);
  });
}

/** Leaves tfjs without a backend, as before the first one. */
export function forgetBackend(): void {
  inside.backendName = null;
  inside.backendInstance = null;
}

/** Whether a gradient is under way. */
export const isDifferentiating = (): boolean => inside.state.gradientDepth > 0;

/** Runs `work` without recording it on the tape: as inside a kernel. */
export function offTape<T>(work: () => T): T {
  inside.state.kernelDepth++;
  try {
    return work();
  } finally {
    inside.state.kernelDepth--;
  }
}

/** Runs `work`, which may differentiate, and puts the tape back that was there. */
export function withTapeKept<T>(work: () => T): T {
  const { activeTape } = inside.state;
  try {
    return work();
  } finally {
    inside.state.activeTape = activeTape;
  }
}

/** Frees what the tape keeps for a backward pass that will not come; nothing while a gradient is under way. */
export function clearTape(): void {
  if (isDifferentiating()) return;
  for (const { saved = [] } of inside.state.activeTape ?? []) tf.dispose([...saved]);
  inside.state.activeTape = null;
}

/** Runs `work` and tells `onKernel` the inputs of every kernel before it is executed. */
export function watchingKernels<T>(onKernel: (inputs: object) => void, work: () => T): T {
  const make = (run: Inside['runKernelFunc']): Inside['runKernelFunc'] => {
    return (call) => {
      onKernel(call.inputs);
      return run.call(inside, call);
    };
  };
  return withReplaced('runKernelFunc', make, work);
}

/** A kernel that is about to run. */
export interface KernelCall {
  readonly kernel: string;
  readonly inputs: tf.NamedTensorMap;
  readonly attributes: tf.NamedAttrMap;
  /** What is recorded for a backward pass; null: nothing is. */
  readonly tape: object | null;
}

/**
 * Runs `work` with every kernel handed to `around`, which runs it, or something else in its place. Kernels that run inside others, and
 * those of a gradient that is itself differentiated, run as they are.
 */
export function aroundKernels<T>(
  around: (call: KernelCall, run: () => tf.Tensor | tf.Tensor[]) => tf.Tensor | tf.Tensor[],
  work: () => T,
): T {
  const make = (run: Inside['runKernel']): Inside['runKernel'] => {
    return (kernel, inputs, attributes = {}) => {
      const { kernelDepth, gradientDepth, activeTape: tape } = inside.state;
      const asIs = () => run.call(inside, kernel, inputs, attributes);
      if (kernelDepth > 0 || gradientDepth > 1) return asIs();
      return around({ kernel, inputs, attributes, tape }, asIs);
    };
  };
  return withReplaced('runKernel', make, work);
}

/** Runs `work` and tells `onVariable` every variable that is made, before anything assigns it; it may throw. */
export function watchingVariables<T>(onVariable: (variable: tf.Variable) => void, work: () => T): T {
  const make = (create: Inside['makeVariable']): Inside['makeVariable'] => {
    return (...args) => {
      const variable = create.apply(inside, args);
      onVariable(variable);
      return variable;
    };
  };
  return withReplaced('makeVariable', make, work);
}

/** Runs `work`, in which making a variable is refused. */
export function withoutVariables<T>(refuse: () => never, work: () => T): T {
  return withReplaced('makeVariable', () => refuse, work);
}

type Gradients = Inside['gradients'];

/**
 * Runs `work` with another function in place of `engine.gradients`, which every way to a gradient goes through; inside that
 * function it is tfjs's own again.
 */
export function withGradients<T>(make: (original: Gradients) => Gradients, work: () => T): T {
  const { gradients } = inside;
  const own = make(gradients.bind(inside));
  const outermost = ((...args: Parameters<Gradients>) => {
    inside.gradients = gradients;
    try {
      return own(...args);
    } finally {
      inside.gradients = outermost;
    }
  }) as Gradients;
  return withReplaced('gradients', () => outermost, work);
}

/** Tells every tensor that is made, and every one that is disposed; the result ends it. */
export function watchTensors(onMade: (tensor: tf.Tensor) => void, onDisposed: (tensor: tf.Tensor) => void): () => void {
  const restore = [
    replace(inside, 'trackTensor', (track) => (tensor, backend) => {
      track.call(inside, tensor, backend);
      onMade(tensor);
    }),
    replace(inside, 'disposeTensor', (dispose) => (tensor) => {
      dispose.call(inside, tensor);
      onDisposed(tensor);
    }),
  ];
  return () => {
    for (const each of restore) each();
  };
}

/** The methods of a backend that a value comes in and goes out by. */
interface Storage {
  read: (dataId: object) => Promise<unknown>;
  readonly readSync: (dataId: object) => unknown;
  write: (...args: never[]) => object;
}

/**
 * Runs `work` with the storage of a backend watched.
 *
 * @param onRead  in place of every asynchronous read
 * @param onWrite before every write, with the scope of tfjs that it happens in; tfjs opens one named `NAME__op` around each of
 * its ops, which bundling and minifying keep
 */
export function watchingStorage<T>(
  backend: tf.KernelBackend,
  onRead: (readSync: () => unknown) => Promise<unknown>,
  onWrite: (scope: string) => void,
  work: () => T,
): T {
  const storage = backend as unknown as Storage;
  const restore = [
    replace(storage, 'read', () => (dataId) => onRead(() => storage.readSync(dataId))),
    replace(storage, 'write', (write) => (...args) => {
      onWrite(inside.state.activeScope?.name ?? '');
      return write.apply(backend as never, args);
    }),
  ];
  try {
    return work();
  } finally {
    for (const each of restore) each();
  }
}
