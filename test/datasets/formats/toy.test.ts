import { expect, it } from 'vitest';
import { recognise } from '../../../datasets/formats/index.js';
import { folderWith, greyPng } from '../folder.js';
import { toy } from './toy.fixture.js';

it('a format in one file is recognised and read, and its keys are checked', async () => {
  const root = folderWith({ 'cell-4-2-20-10.png': greyPng(40, 20) });
  const found = await recognise([toy], root, 'boxes');
  expect('format' in found && found.format.kind).toBe('toy');
  const data = await toy.readers.boxes?.({ kind: 'toy', root, val: null }, { split: 'train' });
  expect((await data?.get(0))?.truth.boxes).toEqual(Float64Array.of(4, 2, 20, 10));
  expect(toy.config.safeParse({ kind: 'toy', masks: 'x' }).success).toBe(false);
});
