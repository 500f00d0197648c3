import * as tf from '@tensorflow/tfjs-core';

/** Values of images, as they are stored. */
type ImageValues = Uint8Array | Uint16Array | Int16Array | Float32Array;
type Uploader = (pixels: Uint8Array, shape: readonly [number, number, number, number]) => tf.Tensor4D;

const uploaders = new Map<string, Uploader>();

/** Called by an engine that keeps bytes as bytes, with the tfjs backend's name. */
export function registerImageUploader(backendName: string, upload: Uploader): void {
  uploaders.set(backendName, upload);
}

/**
 * A batch of decoded images as a tensor for `normalizeImages`, which is the only op that takes it on every engine.
 *
 * @param pixels [N * H * W * C] of any depth, may lie in shared memory; copied
 * @param shape  [N, H, W, C]
 * @returns      of bytes int32 to tfjs, and one byte a value where the engine can; of others float32
 */
export function uploadImages(pixels: ImageValues, shape: readonly [number, number, number, number]): tf.Tensor4D {
  if (!(pixels instanceof Uint8Array)) return tf.tensor4d(Float32Array.from(pixels), [...shape], 'float32');
  const upload = uploaders.get(tf.getBackend());
  return upload ? upload(pixels, shape) : tf.tensor4d(Int32Array.from(pixels), [...shape], 'int32');
}
