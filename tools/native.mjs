/** The native TensorFlow library for `npm test` and `npm run demo`: there, fetched now, or one line that says why not. */
import { findLibrary } from '../dist/engine/tensorflow/runtime/library.js';
import { installRuntime, whyNoRuntime } from '../dist/engine/tensorflow/runtime/runtime.js';

/** @returns {Promise<string | null>} why there is no library, or null when there is one */
export async function provideRuntime() {
  try {
    if (findLibrary()) return null;
    const reason = whyNoRuntime();
    if (reason) return reason;
    await installRuntime({ say: (line) => console.error(line) });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
