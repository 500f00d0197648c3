import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';

/** Opens the WebAssembly engine: nothing to install, trains too. */
export async function openWasm(): Promise<void> {
  await tf.setBackend('wasm');
  await tf.ready();
}
