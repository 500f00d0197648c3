import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../datasets/dataset.js';
import { collectEntries } from '../../datasets/packedEntries.js';
import type { DetectionTruth } from '../../datasets/sample.js';

const FOLDER = join('/', 'data', 'set');

/** Entries of zero, one and two boxes, some of files that lie elsewhere, one of a size that is not known. */
const ENTRIES = Array.from({ length: 60 }, (_, i): Entry<DetectionTruth> => {
  const count = i % 3;
  const id = i % 7 === 0 ? `bilder/größe ${i}.png` : `images/${i}.png`;
  return {
    id,
    file: i % 5 === 0 ? `/elsewhere/${i}.png` : join(FOLDER, id),
    width: i === 4 ? null : 100 + i,
    height: i === 4 ? null : 50 + i,
    truth: {
      kind: 'boxes',
      boxes: Float64Array.from({ length: 4 * count }, (_, j) => i + j / 3),
      labels: Int32Array.from({ length: count }, (_, j) => i + j),
      ignored: Uint8Array.from({ length: count }, (_, j) => j),
      areas: Float64Array.from({ length: count }, (_, j) => i / (j + 1)),
    },
  };
});

function collected(many: number) {
  const collector = collectEntries(FOLDER, many);
  for (const entry of ENTRIES) collector.add(entry);
  return collector.finish();
}

describe('entries in columns', () => {
  it('are read as they were put in, however many there were before', () => {
    for (const many of [1, 30, 60, 1000]) {
      const list = collected(many);
      expect(list.length).toBe(ENTRIES.length);
      expect(Array.isArray(list)).toBe(true);
      expect([...list]).toEqual(ENTRIES);
      expect(list).toEqual(ENTRIES);
    }
  });

  it('are an array to those who read: map, slice, find, at, includes of an index', () => {
    const list = collected(10);
    expect(list.map(({ id }) => id)).toEqual(ENTRIES.map(({ id }) => id));
    expect(list.slice(57)).toEqual(ENTRIES.slice(57));
    expect(list.at(-1)).toEqual(ENTRIES.at(-1));
    expect(list.flatMap(({ truth }) => [...truth.labels])).toEqual(ENTRIES.flatMap(({ truth }) => [...truth.labels]));
    expect(list.findIndex(({ width }) => width === null)).toBe(4);
    expect(list[60]).toBeUndefined();
    expect(list[-1]).toBeUndefined();
    expect(3 in list).toBe(true);
    expect(60 in list).toBe(false);
  });

  it('can be sent to a thread one by one, each with its own memory alone', () => {
    const entry = collected(1)[5] as Entry<DetectionTruth>;
    expect(structuredClone(entry)).toEqual(ENTRIES[5]);
    expect(entry.truth.boxes.buffer.byteLength).toBe(entry.truth.boxes.byteLength);
  });

  it('cannot be changed', () => {
    const list = collected(1) as Entry<DetectionTruth>[];
    expect(() => {
      list[0] = ENTRIES[1] as Entry<DetectionTruth>;
    }).toThrow(TypeError);
    expect(() => list.push(ENTRIES[0] as Entry<DetectionTruth>)).toThrow(TypeError);
  });
});
