import * as tf from '@tensorflow/tfjs';

interface TapeState {
  gradientDepth: number;
  activeTape: readonly { readonly saved?: readonly tf.Tensor[] }[] | null;
}

/**
 * Runs something that differentiates. tfjs keeps what the backward pass will read, and forgets it where the forward pass throws:
 * then it is freed here, once no gradient is under way.
 */
export function withTape<T>(differentiate: () => T): T {
  try {
    return differentiate();
  } catch (error) {
    const state = tf.engine().state as unknown as TapeState;
    if (state.gradientDepth === 0) {
      for (const { saved = [] } of state.activeTape ?? []) tf.dispose([...saved]);
      state.activeTape = null;
    }
    throw error;
  }
}
