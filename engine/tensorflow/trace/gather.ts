import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { registerTwin } from '../../kernels/kernel.js';
import { AttrType } from '../binding/api.js';

/**
 * Replaces the kernel layer's GatherV2, which reads the indices in JavaScript to check their range: a stop in eager mode, and
 * impossible in a trace. TensorFlow checks them itself on the CPU.
 */
export function replaceGather(): void {
  registerTwin('GatherV2', 'tensorflow', ({ inputs, attrs, backend }) => {
    const ops = backend as NodeJSKernelBackend;
    const { x, indices } = inputs as { [name: string]: tf.Tensor };
    const { axis, batchDims } = attrs as unknown as tf.GatherV2Attrs;
    return tf.tidy(() => {
      const [values, rows] = [x as tf.Tensor, indices as tf.Tensor];
      tf.backend_util.segment_util.collectGatherOpShapeInfo(values, rows, axis, batchDims); // throws where ranks do not fit
      const type = (name: string, dtype: tf.DataType) => ({
        name,
        type: AttrType.type,
        value: ops.getDTypeInteger(dtype),
      });
      const types = [type('Tparams', values.dtype), type('Tindices', rows.dtype), type('Taxis', 'int32')];
      const batch = { name: 'batch_dims', type: AttrType.int, value: batchDims };
      return ops.executeSingleOutput('GatherV2', [batch, ...types], [values, rows, tf.scalar(axis, 'int32')]);
    });
  });
}
