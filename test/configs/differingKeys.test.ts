import { expect, it } from 'vitest';
import { differingKeys } from '../../configs/differingKeys.js';
import { experimentSchema } from '../../configs/schema.js';

it('names the keys that two experiments set differently', () => {
  const first = experimentSchema.parse({ train: { epochs: 3 }, data: { classes: ['a', 'b'] } });
  const second = experimentSchema.parse({ task: 'segmentation', data: { classes: ['b', 'a'] } });
  expect(differingKeys(first, first)).toEqual([]);
  expect(differingKeys(first, second)).toEqual(['task', 'data.classes', 'train.epochs']);
});
