import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { EngineError } from '../errors.js';
import { repairStockGradients } from '../kernels/stockGradients.js';
import { registerRoom } from '../memory.js';
import { registerChannelAffine } from './channelAffine.js';
import { registerChannelSum } from './channelSum.js';
import { registerClamp } from './clamp.js';
import { registerConvolution, registerDilatedConvolution } from './convolution.js';
import { registerCumulative } from './cumulative.js';
import { registerDepthwise, registerDilatedDepthwise } from './depthwise.js';
import { registerTypes } from './dtypes.js';
import { registerEinsum } from './einsum.js';
import { registerFusedBatchNormGradient } from './fusedBatchNorm.js';
import { registerGather } from './gather.js';
import { heapRoom, refuseFullHeap } from './heap.js';
import { withoutHandlers } from './hostHandlers.js';
import { registerMatMul } from './matMul.js';
import { registerPooling } from './pooling.js';
import { registerReductions } from './reduce.js';
import { registerReferences } from './reference.js';
import { registerSegmentSum } from './segmentSum.js';
import { registerSlices } from './slices.js';
import { registerSuppression } from './suppression.js';

export interface WasmOptions {
  /** Folder, ending in `/`, or full path by file name, of the three `.wasm` files; Node finds them by itself. */
  readonly wasmPaths?: string | { readonly [fileName: string]: string };
}

let registered = false;

/**
 * Opens the WebAssembly engine: nothing to install, trains too.
 *
 * @throws EngineError when the .wasm file cannot be loaded
 */
export async function openWasm({ wasmPaths }: WasmOptions = {}): Promise<void> {
  if (wasmPaths !== undefined) setWasmPaths(wasmPaths);
  if (!(await withoutHandlers(() => tf.setBackend('wasm')))) {
    throw new EngineError(
      'the WebAssembly engine did not start: serve the .wasm files of @tensorflow/tfjs-backend-wasm and name their folder in wasmPaths',
    );
  }
  await tf.ready();
  if (registered) return;
  registered = true;
  registerRoom('wasm', heapRoom);
  refuseFullHeap();
  repairStockGradients();
  registerConvolution();
  registerDilatedConvolution();
  registerDepthwise();
  registerDilatedDepthwise();
  registerPooling();
  registerReductions();
  registerReferences();
  registerClamp();
  registerCumulative('wasm');
  registerTypes();
  registerSegmentSum();
  registerSlices();
  registerSuppression();
  registerGather();
  registerMatMul();
  registerEinsum('wasm');
  registerChannelSum();
  registerChannelAffine();
  registerFusedBatchNormGradient();
}
