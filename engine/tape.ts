import { clearTape } from './tfjs.js';

/**
 * Runs something that differentiates. tfjs keeps what the backward pass will read, and forgets it where the forward pass throws:
 * then it is freed here, once no gradient is under way.
 */
export function withTape<T>(differentiate: () => T): T {
  try {
    return differentiate();
  } catch (error) {
    clearTape();
    throw error;
  }
}
