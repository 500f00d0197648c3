import * as tf from '@tensorflow/tfjs-core';

type Uploader = (pixels: Uint8Array, shape: readonly [number, number, number, number]) => tf.Tensor4D;

const uploaders = new Map<string, Uploader>();

/** Called by an engine that keeps bytes as bytes, with the tfjs backend's name. */
export function registerImageUploader(backendName: string, upload: Uploader): void {
  uploaders.set(backendName, upload);
}

/**
 * A batch of decoded images as a tensor for `normalizeImages`, which is the only op that takes it on every engine.
 *
 * @param pixels [N * H * W * C] bytes, may lie in shared memory; copied
 * @param shape  [N, H, W, C]
 * @returns      int32 to tfjs; one byte a value where the engine can
 */
export function uploadImages(pixels: Uint8Array, shape: readonly [number, number, number, number]): tf.Tensor4D {
  const upload = uploaders.get(tf.getBackend());
  return upload ? upload(pixels, shape) : tf.tensor4d(Int32Array.from(pixels), [...shape], 'int32');
}
