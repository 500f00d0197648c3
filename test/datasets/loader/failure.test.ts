import { expect, test } from 'vitest';
import { fromFailure, toFailure } from '../../../datasets/loader/failure.js';
import {
  ConfigError,
  DataError,
  EngineError,
  EspalierError,
  ShapeError,
  WeightsError,
} from '../../../engine/errors.js';

const across = (error: unknown): Error => fromFailure(structuredClone(toFailure(error)));

test.each([ConfigError, EngineError, EspalierError, ShapeError, WeightsError, RangeError, TypeError, Error])(
  '%o keeps class, message and stack across threads',
  (Class) => {
    const error = new Class('what and what to do');
    const arrived = across(error);
    expect(arrived.constructor).toBe(Class);
    expect(arrived.message).toBe(error.message);
    expect(arrived.stack).toBe(error.stack);
  },
);

test('a DataError keeps its file', () => {
  const arrived = across(new DataError('a/b.jpg', 'is truncated: copy it again'));
  expect(arrived).toBeInstanceOf(DataError);
  expect(arrived).toMatchObject({ file: 'a/b.jpg', message: 'a/b.jpg: is truncated: copy it again' });
});

test('an unknown class keeps its name; what is no error keeps its text', () => {
  expect(across(Object.assign(new Error('x'), { name: 'CocoError' })).name).toBe('CocoError');
  expect(across('just text').message).toBe('just text');
});
