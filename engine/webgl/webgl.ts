import * as tf from '@tensorflow/tfjs';
import type { EngineInfo } from '../engine.js';
import { repairStockGradients } from '../kernels/stockGradients.js';

const OTHERS = "open the wasm engine (await ready({ engine: 'wasm' })), which computes everywhere";

/**
 * Opens the engine of a browser's graphics processor through WebGL: plain tfjs kernels, float32 where the device renders it.
 *
 * @returns a reason instead where there is no WebGL, or only with 16-bit numbers
 */
export async function openWebGl(): Promise<EngineInfo | { readonly reason: string }> {
  if (!tf.findBackendFactory('webgl')) {
    return { reason: `the webgl engine runs in a browser only, and this is none: ${OTHERS}` };
  }
  const none = { reason: `this browser gives no WebGL: enable hardware acceleration, or ${OTHERS}` };
  if (!tf.env().getBool('HAS_WEBGL')) return none;
  const version = tf.env().getNumber('WEBGL_VERSION');
  if (!tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED')) {
    return { reason: `WebGL ${version} of this device computes with 16-bit numbers only: ${OTHERS}` };
  }
  if (!(await tf.setBackend('webgl'))) return none;
  await tf.ready();
  repairStockGradients();
  return { engine: 'webgl', description: `webgl (WebGL ${version}, float32)`, threads: 1, interOpThreads: 1 };
}
