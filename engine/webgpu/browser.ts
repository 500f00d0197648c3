/** `espalier/webgpu` in a browser: importing it makes `ready({ engine: 'webgpu' })` work there. */
import '@tensorflow/tfjs-backend-webgpu';
import { registerEngine } from '../engine.js';
import { openAdapter } from './adapter.js';

const NO_ADAPTER =
  "this browser gives no WebGPU adapter: it takes a browser with WebGPU, a page served from https or localhost, and a graphics driver; or open the wasm engine (await ready({ engine: 'wasm' }))";

registerEngine('webgpu', () => openAdapter(() => NO_ADAPTER));
