import * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
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
    const backend = tf.backend() as BackendWasm;
    const parts: tf.TensorInfo[] = [];
    const fill = (values: number) => () => {
      for (let i = 0; i < 4; i++) parts.push(backend.makeOutput([values], 'float32')); // its pages are not touched
    };
    const full =
      /WebAssembly's memory of 4 GiB is full \(\d+\.0 MiB more were asked for\): lower the batch or the image size/;
    expect(fill(2 ** 29)).toThrow(full); // 2 GiB in one piece
    expect(parts).toHaveLength(0);
    expect(fill(3 * 2 ** 27)).toThrow(EngineError); // 1.5 GiB
    expect(parts).toHaveLength(2);
    for (const { dataId } of parts) backend.disposeData(dataId);
    expect([...tf.square(tensor).dataSync()]).toEqual([1, 4, 9]);
  });
});
