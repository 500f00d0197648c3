import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDetector } from '../../../heads/index.js';
import { chooseBatch, estimateStepMemory } from '../../../training/run/memory.js';

let detector: ReturnType<typeof createDetector>;
beforeAll(() => {
  detector = createDetector({ preset: 'efficientdet-lite0', classes: 2, inputSize: [256, 256], seed: 1 });
});
afterAll(() => detector.model.dispose());

test('the largest power of two with room in seven tenths of what is free, by what two batches need', async () => {
  const [one, two] = await Promise.all([1, 2].map((count) => estimateStepMemory(detector, count)));
  const slope = (two?.neededBytes ?? 0) - (one?.neededBytes ?? 0);
  const bytes = (count: number): number => (one?.neededBytes ?? 0) + (count - 1) * slope;
  expect(slope).toBeGreaterThan(0);
  const choose = (available: number, most = 32) => chooseBatch(detector, { most, multiple: 1, available });
  expect(await choose(bytes(4) / 0.7 + 1)).toMatchObject({ batchSize: 4 });
  expect(await choose(1e12, 7)).toMatchObject({ batchSize: 4 }); // no more are asked for
  expect((await choose(1e12)).batchSize).toBeGreaterThanOrEqual(8); // 32, or what the engine can address
  expect(await choose(0)).toMatchObject({ batchSize: 1, availableBytes: 0 });
});

test('parts of a batch need the memory of one', async () => {
  const whole = await estimateStepMemory(detector, 4, { batchSize: 4 });
  const parts = await estimateStepMemory(detector, 4, { batchSize: 4, accumulate: 4 });
  expect(parts.neededBytes).toBeLessThan(0.6 * whole.neededBytes);
  expect((await chooseBatch(detector, { most: 13, multiple: 3, available: 1e12 }, { accumulate: 3 })).batchSize).toBe(
    12,
  );
});
