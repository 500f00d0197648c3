import { join } from 'node:path';
import type { Entry } from './dataset.js';
import type { DetectionTruth } from './sample.js';

/** Images from which on their entries are kept in columns: as objects each takes a kilobyte. */
const MANY = 20_000;

/** Collects entries of boxes. */
export interface EntryCollector {
  add(entry: Entry<DetectionTruth>): void;
  /** All of them, in their order. Of many each is made anew where it is read. */
  finish(): readonly Entry<DetectionTruth>[];
}

/** @param folder that ids are relative to; @param many images from which on columns are used */
export function collectEntries(folder: string, many = MANY): EntryCollector {
  let plain: Entry<DetectionTruth>[] = [];
  let columns: ReturnType<typeof createColumns> | null = null;
  return {
    add(entry) {
      if (columns) return columns.add(entry);
      plain.push(entry);
      if (plain.length < many) return;
      columns = createColumns(folder);
      for (const each of plain) columns.add(each);
      plain = [];
    },
    finish: () => (columns ? listOf(columns.size(), columns.read) : plain),
  };
}

function createColumns(folder: string) {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const ids = new Column(Uint8Array);
  /** Where each image's id and objects end; sides, NaN: not known. */
  const [idEnds, ends, sides] = [new Column(Float64Array), new Column(Uint32Array), new Column(Float32Array)];
  const [boxes, labels, ignored] = [new Column(Float64Array), new Column(Int32Array), new Column(Uint8Array)];
  const areas = new Column(Float64Array);
  /** Paths of files that are not where their id says. */
  const elsewhere = new Map<number, string>();
  let size = 0;
  return {
    size: () => size,
    add({ id, file, width, height, truth }: Entry<DetectionTruth>): void {
      ids.push(encoder.encode(id));
      idEnds.push([ids.length]);
      if (file !== join(folder, id)) elsewhere.set(size, file);
      sides.push([width ?? Number.NaN, height ?? Number.NaN]);
      boxes.push(truth.boxes);
      labels.push(truth.labels);
      ignored.push(truth.ignored);
      areas.push(truth.areas);
      ends.push([labels.length]);
      size++;
    },
    read(index: number): Entry<DetectionTruth> {
      const id = decoder.decode(ids.part(index === 0 ? 0 : idEnds.at(index - 1), idEnds.at(index)));
      const [from, to] = [index === 0 ? 0 : ends.at(index - 1), ends.at(index)];
      const [width, height] = [sides.at(2 * index), sides.at(2 * index + 1)];
      return {
        id,
        file: elsewhere.get(index) ?? join(folder, id),
        width: Number.isNaN(width) ? null : width,
        height: Number.isNaN(height) ? null : height,
        truth: {
          kind: 'boxes',
          boxes: boxes.part(4 * from, 4 * to),
          labels: labels.part(from, to),
          ignored: ignored.part(from, to),
          areas: areas.part(from, to),
        },
      };
    },
  };
}

type Numbers = Uint8Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/** Numbers one after the other, in memory that grows by half. */
class Column<T extends Numbers> {
  #values: T;
  length = 0;

  constructor(type: new (length: number) => T) {
    this.#values = new type(1024);
  }

  push(values: ArrayLike<number>): void {
    const { length } = values;
    if (this.length + length > this.#values.length) {
      const type = this.#values.constructor as new (length: number) => T;
      const larger = new type(Math.max(this.length + length, Math.ceil(1.5 * this.#values.length)));
      larger.set(this.#values.subarray(0, this.length));
      this.#values = larger;
    }
    this.#values.set(values, this.length);
    this.length += length;
  }

  at(index: number): number {
    return this.#values[index] as number;
  }

  /** A copy: what is sent to a thread is sent with its whole memory. */
  part(from: number, to: number): T {
    return this.#values.slice(from, to) as T;
  }
}

/** An array whose items are made when they are read. */
function listOf<T>(length: number, read: (index: number) => T): readonly T[] {
  const indexOf = (key: string | symbol): number | null => {
    const index = typeof key === 'string' ? Number(key) : Number.NaN;
    return Number.isInteger(index) && index >= 0 && index < length ? index : null;
  };
  return new Proxy<readonly T[]>([], {
    get(target, key, receiver) {
      if (key === 'length') return length;
      const index = indexOf(key);
      return index === null ? Reflect.get(target, key, receiver) : read(index);
    },
    has: (target, key) => indexOf(key) !== null || Reflect.has(target, key),
    ownKeys: () => [...Array.from({ length }, (_, index) => String(index)), 'length'],
    getOwnPropertyDescriptor(target, key) {
      const index = indexOf(key);
      if (index !== null) return { value: read(index), enumerable: true, configurable: true, writable: false };
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}
