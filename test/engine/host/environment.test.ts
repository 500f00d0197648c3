import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../../engine/host/cache.js';
import { namedPlace, refuseRelativeSearchPaths } from '../../../engine/host/environment.js';

describe.skipIf(tf.getBackend() !== 'wasm')('places that the environment names', () => {
  it('are whole paths, or not named', () => {
    expect(namedPlace('ESPALIER_CACHE', { ESPALIER_CACHE: '/data/cache' })).toBe('/data/cache');
    expect(namedPlace('ESPALIER_CACHE', { ESPALIER_CACHE: '' })).toBeNull();
    expect(namedPlace('ESPALIER_CACHE', {})).toBeNull();
  });

  it.each(['ESPALIER_CACHE', 'XDG_CACHE_HOME'])(
    '%s is refused where it is relative, with the path to write',
    (name) => {
      for (const value of ['cache', './cache', '../cache', '~/cache', '.']) {
        expect(() => cacheFolder({ [name]: value })).toThrow(
          new RegExp(
            `^${name} is ".+", a path relative to the folder a program is started in: write the whole path, e\\.g\\. /`,
          ),
        );
      }
    },
  );
});

describe.skipIf(tf.getBackend() !== 'wasm')('search paths of libraries and packages', () => {
  it.each([
    ['LD_LIBRARY_PATH', ':/opt/lib', 'an empty entry'],
    ['LD_LIBRARY_PATH', '/opt/lib:', 'an empty entry'],
    ['LD_LIBRARY_PATH', '/opt/lib;lib', 'the relative entry "lib"'],
    ['LD_LIBRARY_PATH', '.', 'the relative entry "."'],
    ['DYLD_LIBRARY_PATH', 'lib', 'the relative entry "lib"'],
    ['NODE_PATH', 'node_modules', 'the relative entry "node_modules"'],
  ])('%s=%s is refused', (name, value, what) => {
    expect(() => refuseRelativeSearchPaths({ [name]: value })).toThrow(
      `${name} is ${JSON.stringify(value)}, with ${what}`,
    );
  });

  it.each([
    ['LD_LIBRARY_PATH', ''],
    ['LD_LIBRARY_PATH', '/opt/lib:/usr/local/cuda/lib64'],
    ['NODE_PATH', ':/opt/node_modules:'], // Node passes over empty entries
  ])('%s=%s is left alone', (name, value) => {
    expect(() => refuseRelativeSearchPaths({ [name]: value })).not.toThrow();
  });
});
