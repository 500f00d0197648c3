import * as tf from '@tensorflow/tfjs';
import { createDetector, createEfficientNet, ready } from 'espalier';
import 'espalier/webgpu';

await ready({ engine: 'wasm', wasmPaths: '/wasm/' });
const backbone = createEfficientNet({ arch: 'tf_efficientnet_lite0', levels: ['P3', 'P5'], frozen: 'all', seed: 1 });
const { P3, P5 } = backbone.forward(tf.zeros([1, 64, 64, 3]), { training: false });
document.body.textContent = [
  ...P3.shape,
  ...P5.shape,
  createDetector({ preset: 'efficientdet-lite0', classes: 3 }).model.parameters.size,
].join(' ');
