/** Keeps the values used last, within a sum of their sizes. */
export interface Cache<V> {
  get(key: number): V | undefined;
  /** A value larger than the whole cache is not kept. */
  set(key: number, value: V, bytes: number): void;
  readonly bytes: number;
}

export function createCache<V>(maxBytes: number): Cache<V> {
  /** In order of use, oldest first. */
  const kept = new Map<number, { readonly value: V; readonly bytes: number }>();
  let total = 0;
  const drop = (key: number): void => {
    total -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };
  return {
    get: (key) => {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found.value;
    },
    set: (key, value, bytes) => {
      drop(key);
      if (bytes > maxBytes) return;
      kept.set(key, { value, bytes });
      total += bytes;
      for (const oldest of kept.keys()) {
        if (total <= maxBytes) break;
        drop(oldest);
      }
    },
    get bytes() {
      return total;
    },
  };
}
