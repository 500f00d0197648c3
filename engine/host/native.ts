/** Everything of engine/index.ts, with the engines that need Node: TensorFlow's own kernels, and WebGPU. */
import '../tensorflow/tensorflow.js';
import '../webgpu/dawn.js';

export * from '../index.js';
