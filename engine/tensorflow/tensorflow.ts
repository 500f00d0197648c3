import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { NodeJSKernelBackend, registerAllKernels } from '#tfjs-node';
import { registerCompiler } from '../compile.js';
import { type ReadyOptions, registerEngine } from '../engine.js';
import { EngineError } from '../errors.js';
import { registerImageUploader } from '../images.js';
import { registerRoom } from '../memory.js';
import { DataType } from './binding/api.js';
import { createBinding } from './binding/binding.js';
import { type Context, deviceOf, isOpen, openContext } from './context.js';
import { registerTwins } from './kernels/index.js';
import { availableBytes } from './memory/availableBytes.js';
import { free } from './memory/memory.js';
import { findLibrary, type LibraryFiles } from './runtime/library.js';
import { whyNoRuntime } from './runtime/runtime.js';
import { registerAfterGradient } from './trace/afterGradient.js';
import { createClusters } from './trace/cluster.js';
import { createCompiler } from './trace/compile.js';
import { replaceGather } from './trace/gather.js';

registerRoom('process', () => free(availableBytes()));

registerEngine('tensorflow', async (options) => {
  if (!isMainThread) return { reason: NOT_IN_WORKERS };
  const files = findLibrary();
  if (!files) {
    const reason = whyNoRuntime() ?? "run 'espalier runtime install' to fetch it";
    return { reason: `no TensorFlow library was found: ${reason}` };
  }
  const context = tryOpen(files, options);
  if ('reason' in context) return context;
  if (tf.findBackend('tensorflow') === null || tf.findBackend('tensorflow') === undefined) {
    const binding = createBinding(context);
    const backend = new NodeJSKernelBackend(binding, 'espalier');
    tf.registerBackend('tensorflow', () => backend, 3);
    await tf.setBackend('tensorflow');
    registerAllKernels();
    replaceGather();
    registerAfterGradient();
    registerTwins(backend, createClusters(context, backend, binding));
    registerImageUploader('tensorflow', (pixels, shape) => {
      const id = binding.createTensor([...shape], DataType.uint8, pixels);
      return backend.createOutputTensor({ id, shape: [...shape], dtype: DataType.uint8 }) as tf.Tensor4D;
    });
    registerCompiler('tensorflow', createCompiler({ context, backend, eager: binding }));
  }
  await tf.setBackend('tensorflow');
  const [threads, interOpThreads] = [context.threads, context.interOpThreads].map((n) => n || availableParallelism());
  return {
    engine: 'tensorflow',
    threads: threads as number,
    interOpThreads: interOpThreads as number,
    description: `tensorflow ${context.version} (${deviceOf(context)}, ${threads} threads, ${files.origin})`,
  };
});

/** One context serves a process, and calls of a worker that is terminated would go on without it. */
const NOT_IN_WORKERS =
  'the tensorflow engine runs in the main thread of a process only, and this is a worker: compute there (compile(fn).async() leaves its event loop free), or open the wasm engine here';

/** A library that cannot be used is a reason to take another engine; wrong use of an open one is not. */
function tryOpen(files: LibraryFiles, options: ReadyOptions): Context | { readonly reason: string } {
  if (isOpen()) return openContext(files, options);
  try {
    return openContext(files, options);
  } catch (error) {
    if (error instanceof EngineError) return { reason: error.message };
    throw error;
  }
}
