import { expect, it } from 'vitest';
import type { Initialiser } from '../../backbones/initialisers.js';
import { createParameters, withoutDrawing } from '../../backbones/parameters.js';

it('draws values of a seed, and none of what is loaded next, however that ends', () => {
  let drawn = 0;
  const initialise: Initialiser = ({ count, random }) => {
    drawn += count;
    return Float32Array.from({ length: count }, () => 1 + random.next());
  };
  const spec = { shape: [2, 3], layout: 'dense', role: 'weight', initialise } as const;
  const make = () => createParameters(1).create('a', spec);
  const refused = () =>
    withoutDrawing(() => {
      throw new Error('no such network');
    });
  expect(refused).toThrow('no such network');
  const [first, undrawn, again] = [make(), withoutDrawing(make), make()];
  expect(drawn).toBe(12);
  expect([...undrawn.dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(Math.min(...first.dataSync())).toBeGreaterThanOrEqual(1);
  expect(again.dataSync()).toEqual(first.dataSync());
  for (const variable of [first, undrawn, again]) variable.dispose();
});
