import * as tf from '@tensorflow/tfjs';
import type { EngineInfo } from '../engine.js';
import { repairStockGradients } from '../kernels/stockGradients.js';
import { registerCumulative } from '../wasm/cumulative.js';
import { registerEinsum } from '../wasm/einsum.js';

/**
 * Opens the engine on the WebGPU that `navigator.gpu` gives: a browser's, or Dawn's in Node. The tfjs backend is imported
 * by the caller, where `navigator.gpu` is known to be there.
 *
 * @param whyNone asked for the reason and the remedy when there is no adapter
 */
export async function openAdapter(whyNone: () => string): Promise<EngineInfo | { readonly reason: string }> {
  const adapter = await globalThis.navigator?.gpu?.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return { reason: whyNone() };
  const isOpen = tf.findBackendFactory('webgpu') !== null && (await tf.setBackend('webgpu'));
  if (!isOpen) {
    return {
      reason: `WebGPU on ${nameOf(adapter)} gave no device: update the graphics driver, or open the wasm engine`,
    };
  }
  await tf.ready();
  register();
  return { engine: 'webgpu', description: `webgpu (${nameOf(adapter)})`, threads: 1, interOpThreads: 1 };
}

let registered = false;

function register(): void {
  if (registered) return;
  registered = true;
  repairStockGradients();
  registerCumulative('webgpu');
  registerEinsum('webgpu');
}

/** The device in words, with a warning where a processor plays the graphics processor. */
function nameOf({ info }: GPUAdapter): string {
  const words = [info.vendor, info.architecture, info.description].filter((word) => word);
  return (words.join(' ') || 'unnamed adapter') + (info.isFallbackAdapter ? ', computed by the processor' : '');
}
