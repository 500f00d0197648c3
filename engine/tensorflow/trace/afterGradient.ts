import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { registerTwin } from '../../kernels/kernel.js';
import { tracerOf } from './trace.js';

/**
 * The kernel by which recomputed blocks wait for the backward pass. In a graph it is an edge of control: without it TensorFlow would
 * find that both runs of a block are the same, and keep the first one's activations.
 */
export function registerAfterGradient(): void {
  registerTwin('EspalierAfterGradient', 'tensorflow', ({ inputs, backend }) => {
    const ops = backend as NodeJSKernelBackend;
    const { x, dy } = inputs as { readonly [name: string]: tf.Tensor };
    const tracer = tracerOf(ops.binding);
    if (!tracer) return tf.clone(x as tf.Tensor);
    const [id, awaited] = ops.getInputTensorIds([x as tf.Tensor, dy as tf.Tensor]);
    return ops.createOutputTensor(tracer.copyAfter(id as number, awaited as number));
  });
}
