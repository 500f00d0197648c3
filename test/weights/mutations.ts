import { createRandom } from '../../engine/random.js';
import { openWeights } from '../../weights/openWeights.js';

/** A damaged copy: some bytes changed, a run overwritten, moved or cut away, or numbers put in that are far too large. */
export function mutate(bytes: Uint8Array, seed: number): Uint8Array {
  const random = createRandom([seed]);
  const below = (limit: number): number => Math.floor(random.next() * limit);
  const damaged = bytes.slice();
  const view = new DataView(damaged.buffer);
  const run = (): [number, number] => {
    const start = below(damaged.length);
    return [start, Math.min(damaged.length, start + 1 + below(32))];
  };
  for (let count = 1 + below(6); count > 0; count--) {
    const kind = below(7);
    if (kind < 3) damaged[below(damaged.length)] = below(256);
    else if (kind === 3) damaged[below(damaged.length)] = [0, 0xff, 0x7f, 0x80][below(4)] as number;
    else if (kind === 4) damaged.fill([0, 0xff][below(2)] as number, ...run());
    else if (kind === 5) damaged.copyWithin(below(damaged.length), ...run());
    else if (damaged.length >= 8) view.setUint32(below(damaged.length - 4), below(2 ** 32), true);
  }
  return below(8) === 0 ? damaged.subarray(0, below(damaged.length)) : damaged;
}

export interface FuzzResult {
  readonly opened: number;
  readonly refused: number;
  /** Errors that are not WeightsError. */
  readonly defects: readonly string[];
  readonly slowestMs: number;
  /** Largest growth of the process's memory seen after a file, MB. */
  readonly peakMegabytes: number;
}

/** Opens and reads damaged copies of a file, all of every one. */
export function fuzz(bytes: Uint8Array, count: number): FuzzResult {
  let [opened, refused, slowestMs, peakMegabytes] = [0, 0, 0, 0];
  const defects: string[] = [];
  const before = process.memoryUsage.rss();
  for (let seed = 0; seed < count; seed++) {
    const damaged = mutate(bytes, seed);
    const start = performance.now();
    try {
      for (const tensor of openWeights(damaged).tensors.values()) tensor.read();
      opened++;
    } catch (error) {
      if (error instanceof Error && error.name === 'WeightsError') refused++;
      else defects.push(`seed ${seed}: ${String(error instanceof Error ? error.stack : error)}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - start);
    peakMegabytes = Math.max(peakMegabytes, (process.memoryUsage.rss() - before) / 1e6);
  }
  return { opened, refused, defects, slowestMs, peakMegabytes };
}
