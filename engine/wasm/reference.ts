import * as tf from '@tensorflow/tfjs';
import { registerTwin } from '../kernels/kernel.js';
import { view } from './heap.js';

/**
 * Kernels that are wrong in the stock backend and rare in training: running maxima start at a positive number, or
 * memory beyond the tensor is read, or a fill value is ignored.
 */
const KERNELS = [
  'MaxPoolWithArgmax',
  'MaxPool3D',
  'MaxPool3DGrad',
  'Dilation2D',
  'Dilation2DBackpropInput',
  'Dilation2DBackpropFilter',
  'Conv3DBackpropInputV2',
  'RotateWithOffset',
  'Transform',
] as const;

/** What is used of the plain JavaScript backend, which every build of tfjs has. */
interface ReferenceBackend {
  makeTensorInfo(shape: number[], dtype: tf.DataType, values: tf.TypedArray): tf.TensorInfo;
  readSync(dataId: object): tf.TypedArray;
  disposeData(dataId: object): boolean;
}

/** Registers those kernels as copies to and from the plain JavaScript backend: slow and right. */
export function registerReferences(): void {
  for (const kernelName of KERNELS) {
    registerTwin(kernelName, 'wasm', ({ inputs, attrs }) => {
      const backend = tf.findBackend('cpu') as unknown as ReferenceBackend;
      const given = Object.entries(inputs as tf.NamedTensorMap).map(([name, tensor]): [string, tf.TensorInfo] => [
        name,
        // some of these kernels ask for the rank, which a tensor has and its description has not
        Object.assign(backend.makeTensorInfo(tensor.shape, tensor.dtype, view(tensor).slice()), { rank: tensor.rank }),
      ]);
      const { kernelFunc } = tf.getKernel(kernelName, 'cpu');
      const call = { inputs: Object.fromEntries(given), backend, attrs };
      const outputs = kernelFunc(call as Parameters<typeof kernelFunc>[0]);
      const results = (Array.isArray(outputs) ? outputs : [outputs]).map(({ shape, dtype, dataId }) => {
        const values = backend.readSync(dataId).slice();
        backend.disposeData(dataId);
        return tf.tensor(values, shape, dtype);
      });
      for (const [, { dataId }] of given) backend.disposeData(dataId);
      return results.length === 1 ? (results[0] as tf.Tensor) : results;
    });
  }
}
