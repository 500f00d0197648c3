import { findOnnxRuntime, openOnnxNetwork } from '../../deploy/onnxruntime/onnxruntime.js';

/** Whether tests can run networks in ONNX Runtime: `onnxruntime-node` beside the library, or in ESPALIER_ONNXRUNTIME. */
export const hasOnnxRuntime = findOnnxRuntime() !== null;

/** What a test's title says of a machine without it. */
export const WITHOUT_RUNTIME = hasOnnxRuntime ? '' : ' (skipped: onnxruntime-node is not installed)';

/** The outputs of an ONNX file for one input. */
export async function runOnnx(
  bytes: Uint8Array,
  name: string,
  values: Float32Array,
  shape: readonly number[],
): Promise<{ readonly [name: string]: { readonly values: Float32Array; readonly shape: readonly number[] } }> {
  const network = await openOnnxNetwork(bytes);
  try {
    return await network.run({ [name]: { values, shape } });
  } finally {
    await network.dispose();
  }
}
