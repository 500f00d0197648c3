import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';
import { fillTensor } from './heap.js';

/** Registers unsortedSegmentSum, the gradient of gather, which the stock backend does not have. */
export function registerSegmentSum(): void {
  registerTwin(
    'UnsortedSegmentSum',
    'wasm',
    tensorKernel<{ x: tf.Tensor; segmentIds: tf.Tensor }, { readonly numSegments: number }>(
      ({ x, segmentIds }, { numSegments }) => {
        const shape = [numSegments, ...x.shape.slice(segmentIds.rank)];
        const width = tf.util.sizeFromShape(shape.slice(1));
        const sums = fillTensor(shape, [x, segmentIds], (target, source, ids) => {
          for (let i = 0; i < ids.length; i++) {
            const id = ids[i] as number;
            if (id < 0 || id >= numSegments) continue;
            for (let j = 0; j < width; j++) {
              target[id * width + j] = (target[id * width + j] as number) + (source[i * width + j] as number);
            }
          }
        });
        return x.dtype === 'float32' ? sums : tf.cast(sums, x.dtype);
      },
    ),
  );
}
