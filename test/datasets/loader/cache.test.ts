import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCache } from '../../../datasets/loader/cache.js';

test('drops what was used longest ago', () => {
  const cache = createCache<string>(10);
  cache.set(1, 'a', 4);
  cache.set(2, 'b', 4);
  expect(cache.get(1)).toBe('a');
  cache.set(3, 'c', 4);
  expect([cache.get(1), cache.get(2), cache.get(3)]).toEqual(['a', undefined, 'c']);
});

test('never holds more than its bytes, and a hit is always the value last set', () => {
  const operation = fc.tuple(fc.nat(6), fc.nat(12), fc.boolean());
  fc.assert(
    fc.property(fc.nat(20), fc.array(operation, { maxLength: 60 }), (limit, operations) => {
      const cache = createCache<number>(limit);
      const last = new Map<number, number>();
      operations.forEach(([key, bytes, isRead], i) => {
        if (isRead) {
          const found = cache.get(key);
          if (found !== undefined) expect(found).toBe(last.get(key));
        } else {
          cache.set(key, i, bytes);
          last.set(key, i);
          expect(cache.get(key)).toBe(bytes <= limit ? i : undefined);
        }
        expect(cache.bytes).toBeLessThanOrEqual(limit);
      });
    }),
  );
});
