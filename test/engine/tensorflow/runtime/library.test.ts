import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder } from '../../../../engine/host/cache.js';
import { nameDeviceCompiler } from '../../../../engine/tensorflow/runtime/cuda.js';
import { findLibrary, runtimeFolder } from '../../../../engine/tensorflow/runtime/library.js';

const extension = process.platform === 'darwin' ? '2.dylib' : 'so.2';
const names = [`libtensorflow_cc.${extension}`, `libtensorflow_framework.${extension}`];
const kept = { ...process.env };

function fakeLibrary(folder: string): string {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), 'not a library');
  return folder;
}

describe('library search', () => {
  beforeEach(() => {
    process.env.ESPALIER_CACHE = mkdtempSync(join(tmpdir(), 'espalier-cache-'));
    delete process.env.ESPALIER_TENSORFLOW;
  });
  afterEach(() => {
    process.env = { ...kept };
  });

  it('takes the library that ESPALIER_TENSORFLOW names, as a file or as a folder', () => {
    const folder = fakeLibrary(join(cacheFolder(), 'elsewhere'));
    for (const named of [folder, join(folder, names[0] as string)]) {
      process.env.ESPALIER_TENSORFLOW = named;
      expect(findLibrary()).toEqual({
        library: join(folder, names[0] as string),
        framework: join(folder, names[1] as string),
        origin: 'ESPALIER_TENSORFLOW',
        cuda: null,
      });
    }
  });

  it('never falls back from a library asked for by name', () => {
    fakeLibrary(join(runtimeFolder(), '2.21.0'));
    process.env.ESPALIER_TENSORFLOW = '/nowhere/at/all';
    expect(() => findLibrary()).toThrow(/ESPALIER_TENSORFLOW is \/nowhere\/at\/all.*unset it/);
  });

  it('takes the newest version in the cache', () => {
    for (const version of ['2.9.1', '2.21.0', '2.20.1']) fakeLibrary(join(runtimeFolder(), version));
    expect(findLibrary()?.library).toBe(join(runtimeFolder(), '2.21.0', names[0] as string));
  });

  it('takes the library for the GPU before that for the CPU of the same version', () => {
    fakeLibrary(join(runtimeFolder(), '2.21.0'));
    const folder = fakeLibrary(join(runtimeFolder(), '2.21.0-gpu'));
    mkdirSync(join(folder, 'nvidia'));
    expect(findLibrary()).toMatchObject({ library: join(folder, names[0] as string), cuda: join(folder, 'nvidia') });
  });

  it('takes a libtensorflow in one file, as tfjs-node downloads it', () => {
    const folder = join(cacheFolder(), 'one');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `libtensorflow.${extension}`), 'not a library');
    process.env.ESPALIER_TENSORFLOW = folder;
    expect(findLibrary()).toMatchObject({ library: join(folder, `libtensorflow.${extension}`), framework: null });
  });

  it('names the compiler of device code by a whole path, which XLA would otherwise take from the working folder', () => {
    const folder = fakeLibrary(join(cacheFolder(), 'site-packages/tensorflow'));
    const library = join(folder, names[0] as string);
    const flags = (own: string, cuda: string | null = null): string | undefined => {
      process.env.XLA_FLAGS = own;
      nameDeviceCompiler({ library, cuda });
      return process.env.XLA_FLAGS;
    };
    expect(flags('')).toBe('--xla_gpu_cuda_data_dir=/usr/local/cuda');
    const nvidia = join(cacheFolder(), 'site-packages/nvidia');
    mkdirSync(join(nvidia, 'cuda_nvcc'), { recursive: true });
    expect(flags('--xla_dump_to=/x')).toBe(`--xla_dump_to=/x --xla_gpu_cuda_data_dir=${join(nvidia, 'cuda_nvcc')}`);
    expect(flags('', nvidia)).toBe(`--xla_gpu_cuda_data_dir=${join(nvidia, 'cuda_nvcc')}`);
    expect(flags('--xla_gpu_cuda_data_dir=/mine')).toBe('--xla_gpu_cuda_data_dir=/mine');
  });

  it('looks for the cache where the environment says', () => {
    process.env.ESPALIER_CACHE = '';
    process.env.XDG_CACHE_HOME = '/xdg';
    expect(cacheFolder()).toBe(join('/xdg', 'espalier'));
    delete process.env.XDG_CACHE_HOME;
    expect(cacheFolder()).toBe(join(homedir(), '.cache', 'espalier'));
  });
});
