import { expect, it } from 'vitest';
import { differingKeys } from '../../configs/differingKeys.js';
import { parseExperiment } from '../../configs/read.js';

it('names the keys that two experiments set differently', () => {
  const first = parseExperiment({ train: { epochs: 3 }, data: { classes: ['a', 'b'] } }, 'the test');
  const second = parseExperiment({ model: { neckChannels: 32 }, data: { classes: ['b', 'a'] } }, 'the test');
  expect(differingKeys(first, first)).toEqual([]);
  expect(differingKeys(first, second)).toEqual(['data.classes', 'model.neck.channels', 'train.epochs']);
});
