import { existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder } from '../../../engine/tensorflow/cache.js';
import { findLibrary, libraryIn, runtimeFolder } from '../../../engine/tensorflow/library.js';
import { installRuntime, listRuntimes, RUNTIME_WHEELS, removeRuntimes } from '../../../engine/tensorflow/runtime.js';

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

  it('looks for the cache where the environment says', () => {
    process.env.ESPALIER_CACHE = '';
    process.env.XDG_CACHE_HOME = '/xdg';
    expect(cacheFolder()).toBe(join('/xdg', 'espalier'));
    delete process.env.XDG_CACHE_HOME;
    expect(cacheFolder()).toBe(join(homedir(), '.cache', 'espalier'));
  });

  it('lists and removes what is installed', async () => {
    fakeLibrary(join(runtimeFolder(), '2.21.0'));
    expect(await listRuntimes()).toEqual([{ version: '2.21.0', folder: join(runtimeFolder(), '2.21.0'), bytes: 26 }]);
    expect(await removeRuntimes()).toBe(1);
    expect(libraryIn(join(runtimeFolder(), '2.21.0'), '')).toBeNull();
  });

  it('leaves nothing behind when a wheel is not what it should be', async () => {
    const wheel = join(cacheFolder(), 'broken.whl');
    writeFileSync(wheel, 'no zip');
    await expect(installRuntime({ from: wheel })).rejects.toThrow(/not a zip archive/);
    expect(existsSync(join(runtimeFolder(), '2.21.0'))).toBe(false);
    expect(readdirSync(runtimeFolder())).toEqual([]);
  });

  it('maps every platform to a wheel with a digest', () => {
    expect(Object.keys(RUNTIME_WHEELS)).toEqual(['linux-x64', 'linux-arm64', 'darwin-arm64']);
    for (const { sha256, requirement } of Object.values(RUNTIME_WHEELS)) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(requirement).toMatch(/^tensorflow(-cpu)?==2\.21\.0$/);
    }
  });
});
