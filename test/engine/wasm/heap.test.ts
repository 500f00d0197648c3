import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../engine/errors.js';
import { heapRoom } from '../../../engine/wasm/heap.js';

describe.skipIf(tf.getBackend() !== 'wasm')("WebAssembly's memory", () => {
  it('is at most 4 GiB, less what tensors have', () => {
    const before = heapRoom()?.bytes ?? 0;
    expect(before).toBeLessThan(2 ** 32);
    expect(before).toBeGreaterThan(2 ** 31);
    const tensor = tf.zeros([1000, 1000]);
    expect(heapRoom()?.bytes).toBe(before - 4e6);
    tensor.dispose();
    expect(heapRoom()?.bytes).toBe(before);
  });

  it('that is full is one sentence, and what is there stays whole', () => {
    const tensor = tf.tensor1d([1, 2, 3]);
    const backend = tf.backend() as unknown as { makeOutput(shape: number[], dtype: string): unknown };
    expect(() => backend.makeOutput([2 ** 30 - 1], 'float32')).toThrow(EngineError);
    expect(() => backend.makeOutput([2 ** 30 - 1], 'float32')).toThrow(
      /WebAssembly's memory of 4 GiB is full \(4096\.0 MiB more were asked for\): lower the batch or the image size/,
    );
    expect([...tf.square(tensor).dataSync()]).toEqual([1, 4, 9]);
  });
});
