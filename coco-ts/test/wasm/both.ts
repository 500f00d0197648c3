import { expect } from 'vitest';
import { useWebAssembly } from '../../src/index.js';
import { scanResults } from '../../src/scan/document.js';
import { memorySource } from '../../src/scan/source.js';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What `read` gives with and without WebAssembly; an error as its message. */
export function both<T>(read: () => T): [T | string, T | string] {
  const [quick, plain] = [true, false].map((use) => {
    useWebAssembly(use);
    try {
      return read();
    } catch (error) {
      return String(error);
    }
  });
  return [quick as T | string, plain as T | string];
}

/** The rows that were read, without the room behind them. */
export function results(text: string): unknown {
  const table = scanResults(memorySource(bytes(text)));
  if (table === 'unscannable') return table;
  const { count, used, pointNumbers, coordinates, poolUsed } = table;
  const cut = (column: Float32Array | Float64Array | Uint32Array | Uint16Array | Uint8Array, per = 1): number[] => [
    ...column.slice(0, per * count),
  ];
  const { has, id, image, category, score, area, crowd, boxes, begin, length, maskHeight, maskWidth, poolAt } = table;
  const { poolLength, points } = table;
  return {
    count,
    used,
    pointNumbers,
    pool: [...table.pool.subarray(0, poolUsed)],
    rows: [has, id, image, category, score, area, crowd, begin, length, maskHeight, maskWidth, poolAt, poolLength].map(
      (column) => cut(column),
    ),
    boxes: cut(boxes, 4),
    points: cut(points, coordinates),
  };
}

export function expectSame(read: () => unknown): void {
  const [quick, plain] = both(read);
  expect(quick).toEqual(plain);
}
