import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { NodeJSKernelBackend, registerAllKernels } from '#tfjs-node';
import { registerCompiler } from '../compile.js';
import { registerEngine } from '../engine.js';
import { registerImageUploader } from '../images.js';
import { DataType } from './api.js';
import { createBinding } from './binding.js';
import { createClusters } from './cluster.js';
import { createCompiler } from './compile.js';
import { openContext } from './context.js';
import { replaceGather } from './gather.js';
import { registerTwins } from './kernels/index.js';
import { findLibrary } from './library.js';
import { whyNoRuntime } from './runtime.js';

registerEngine('tensorflow', async (options) => {
  const files = findLibrary();
  if (!files) {
    const reason = whyNoRuntime() ?? "run 'espalier runtime install' to fetch it";
    return { reason: `no TensorFlow library was found: ${reason}` };
  }
  const context = openContext(files, options.threads);
  if (tf.findBackend('tensorflow') === null || tf.findBackend('tensorflow') === undefined) {
    const binding = createBinding(context);
    const backend = new NodeJSKernelBackend(binding, 'espalier');
    tf.registerBackend('tensorflow', () => backend, 3);
    await tf.setBackend('tensorflow');
    registerAllKernels();
    replaceGather(backend);
    registerTwins(backend, createClusters(context, backend, binding));
    registerImageUploader('tensorflow', (pixels, shape) => {
      const id = binding.createTensor([...shape], DataType.uint8, pixels);
      return backend.createOutputTensor({ id, shape: [...shape], dtype: DataType.uint8 }) as tf.Tensor4D;
    });
    registerCompiler('tensorflow', createCompiler({ context, backend, eager: binding }));
  }
  await tf.setBackend('tensorflow');
  const device = context.devices.some(({ type }) => type === 'GPU') ? 'GPU' : 'CPU';
  const threads = context.threads || availableParallelism();
  return {
    engine: 'tensorflow',
    description: `tensorflow ${context.version} (${device}, ${threads} threads, ${files.origin})`,
  };
});
