import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { libraryIn, runtimeFolder } from '../../../../engine/tensorflow/runtime/library.js';
import { downloadWheel } from '../../../../engine/tensorflow/runtime/pip.js';
import { installRuntime, listRuntimes, removeRuntimes } from '../../../../engine/tensorflow/runtime/runtime.js';
import {
  chooseRuntime,
  pipArguments,
  publishedWheels,
  RUNTIMES,
  type Runtime,
} from '../../../../engine/tensorflow/runtime/wheels.js';
import { zip } from './zipFile.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..');
const extension = process.platform === 'darwin' ? '2.dylib' : 'so.2';
const foreign = process.platform === 'darwin' ? 'so.2' : '2.dylib';
const kept = { ...process.env };
let folder = '';

/** A wheel with little in it, laid out as tensorflow's. */
function fakeWheel(name: string, ending = extension, bytes = 6): string {
  const names = [`tensorflow/libtensorflow_cc.${ending}`, `tensorflow/libtensorflow_framework.${ending}`];
  const files = [...names, 'tensorflow/python/__init__.py'].map(
    (each) => ({ name: each, content: Buffer.alloc(bytes, 'x'), method: 8 }) as const,
  );
  const path = join(folder, name);
  writeFileSync(path, zip(files));
  return path;
}

/** A python3 whose pip 'downloads' a file: what it was called with is in pip.log. */
function fakePip(wheel: string): void {
  const bin = join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh
echo "$@" >> '${join(folder, 'pip.log')}'
[ "$4" = download ] || exit 0
while [ $# -gt 0 ]; do [ "$1" = -d ] && cp '${wheel}' "$2/"; shift; done`;
  writeFileSync(join(bin, 'python3'), script);
  chmodSync(join(bin, 'python3'), 0o755);
  process.env.PATH = `${bin}${delimiter}${process.env.PATH}`;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-runtime-'));
  process.env.ESPALIER_CACHE = join(folder, 'cache');
});
afterEach(() => {
  process.env = { ...kept };
});

/** Of a version that no digest is known of. */
const wheelName = 'tensorflow_cpu-2.19.0-cp312-cp312-manylinux_2_17_x86_64.whl';

/** Of a version whose digest is known, for every platform. */
const publishedName = `${process.platform === 'linux' && process.arch === 'x64' ? 'tensorflow_cpu' : 'tensorflow'}-2.21.0-cp312-cp312-any.whl`;

describe('the wheels of a runtime', () => {
  it('are known by the names of their files', () => {
    const [cpu, , , gpu] = RUNTIMES.map(({ wheels }) => wheels[0]);
    const file = 'tensorflow_cpu-2.21.0-cp312-cp312-manylinux_2_27_x86_64.whl';
    expect(publishedWheels(file, 'linux-x64')).toEqual([cpu]);
    expect(publishedWheels(file.replace('_cpu', ''), 'linux-x64')).toEqual([gpu]);
    expect(publishedWheels(file.replace('2.21.0', '2.19.0'), 'linux-x64')).toEqual([]);
    expect(publishedWheels(file.replace('2.21.0', '2.21.0rc1'), 'linux-x64')).toEqual([]);
    expect(publishedWheels(file, 'darwin-x64')).toEqual([]);
  });

  it.each([
    ['linux-x64', 'tensorflow-cpu==2.21.0', 'manylinux_2_27_x86_64'],
    ['linux-arm64', 'tensorflow==2.21.0', 'manylinux_2_27_aarch64'],
    ['darwin-arm64', 'tensorflow==2.21.0', 'macosx_12_0_arm64'],
  ])('are mapped for %s', (platform, requirement, tag) => {
    const runtime = chooseRuntime({ platform }) as Runtime;
    expect(runtime.wheels.map((wheel) => wheel.requirement)).toEqual([requirement]);
    const line = pipArguments(runtime.wheels[0] as Runtime['wheels'][0], platform).join(' ');
    expect(line).toContain('--no-deps --only-binary=:all: --python-version 3.12 --implementation cp --abi cp312');
    expect(line).toContain(`--platform ${tag}`);
    expect(line.endsWith(` ${requirement}`)).toBe(true);
  });

  it('have one digest each, and exact versions', () => {
    const wheels = RUNTIMES.flatMap((runtime) => runtime.wheels);
    for (const { sha256, requirement } of wheels) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(requirement).toMatch(/^[a-z0-9-]+==[0-9.]+$/);
    }
    expect(new Set(wheels.map(({ sha256 }) => sha256)).size).toBe(wheels.length);
  });

  it('with CUDA are tensorflow and the twelve libraries of its extra', () => {
    const { wheels } = chooseRuntime({ platform: 'linux-x64', gpu: true }) as Runtime;
    expect(wheels[0]?.requirement).toBe('tensorflow==2.21.0');
    expect(wheels.slice(1).every(({ requirement }) => /^nvidia-.*-cu12==/.test(requirement))).toBe(true);
    expect(wheels).toHaveLength(13);
  });

  it.each([
    [{ platform: 'win32-x64' }, /wheels for Windows hold no libtensorflow_cc.*WSL 2, or the wasm engine/],
    [{ platform: 'linux-ppc64' }, /publishes no library for linux-ppc64; there is one for linux-x64, linux-arm64/],
    [{ platform: 'darwin-arm64', gpu: true }, /no CUDA library for darwin-arm64.*without --gpu/],
    [
      { platform: 'linux-x64', version: '2.3.0' },
      /no digest of TensorFlow 2\.3\.0 .* only of 2\.21\.0, 2\.20\.0.*--from/,
    ],
  ])('that do not exist are named with what there is: %o', (choice, message) => {
    expect(chooseRuntime(choice)).toMatch(message);
  });
});

describe('installing a runtime', () => {
  it('from a wheel keeps its two libraries, by the version of the wheel', async () => {
    const lines: string[] = [];
    const files = await installRuntime({ from: fakeWheel(wheelName), say: (line) => lines.push(line) });
    expect(files.library).toBe(join(runtimeFolder(), '2.19.0', `libtensorflow_cc.${extension}`));
    expect(readdirSync(runtimeFolder())).toEqual(['2.19.0']);
    expect(readdirSync(join(runtimeFolder(), '2.19.0')).sort()).toEqual(
      [`libtensorflow_cc.${extension}`, `libtensorflow_framework.${extension}`].sort(),
    );
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^WARNING: nothing here vouches for tensorflow_cpu-2\.19\.0-.* sha256 is [0-9a-f]{64}/);
    expect(await listRuntimes()).toMatchObject([{ version: '2.19.0', gpu: false, bytes: 12 }]);
    expect(await removeRuntimes('2.21.0')).toBe(0);
    expect(await removeRuntimes()).toBe(1);
    expect(libraryIn(join(runtimeFolder(), '2.19.0'), '')).toBeNull();
  });

  it.each([
    ['what is no zip archive', () => writeBroken(), /not a zip archive/],
    ['a wheel of another platform', () => fakeWheel(wheelName, foreign), /holds no libtensorflow_cc.*which .* needs/],
    ['a folder', () => emptyFolder(), /it is a folder/],
    ['nothing', () => join(folder, wheelName), /there is no such file/],
    [
      'a wheel of a known version that is not the published one',
      () => fakeWheel(publishedName),
      /^tensorflow.* has sha256 [0-9a-f]{64}, the published wheel of .*==2\.21\.0 [0-9a-f]{64}: not installed\. Fetch that one with 'python3 -m pip download --no-deps/,
    ],
    ['two libraries of one name', () => wheelOf(library, library), /two files of the archive have one name/],
    [
      'one that would fill the disk',
      () => wheelOf({ ...library, statedSize: 2 ** 31 }),
      /in the archive has two sizes: damaged/,
    ],
    ['a file with another name', () => fakeWheel('some.whl'), /some\.whl is not named like a tensorflow wheel/],
  ])('leaves nothing behind of %s', async (_, make, message) => {
    await expect(installRuntime({ from: make() })).rejects.toThrow(message);
    expect(existsSync(runtimeFolder()) ? readdirSync(runtimeFolder()) : []).toEqual([]);
  });

  it('leaves alone what is there', async () => {
    const from = fakeWheel(wheelName);
    const first = await installRuntime({ from });
    const lines: string[] = [];
    expect(await installRuntime({ from, say: (line) => lines.push(line) })).toEqual(first);
    expect(lines.at(-1)).toMatch(/2\.19\.0 is there already: nothing is changed/);
  });

  function emptyFolder(): string {
    mkdirSync(join(folder, wheelName));
    return join(folder, wheelName);
  }

  const library = { name: `tensorflow/libtensorflow_cc.${extension}`, content: Buffer.from('x'), method: 0 } as const;
  const wheelOf = (...files: Parameters<typeof zip>[0]): string => {
    writeFileSync(join(folder, wheelName), zip(files));
    return join(folder, wheelName);
  };

  function writeBroken(): string {
    const path = join(folder, wheelName);
    writeFileSync(path, 'no zip');
    return path;
  }

  it('may be done by several processes at once', async () => {
    const wheel = fakeWheel(wheelName, extension, 5_000_000);
    const module = JSON.stringify(pathToFileURL(join(root, 'dist/engine/tensorflow/runtime/runtime.js')).href);
    const script = `import { installRuntime } from ${module};
      console.log((await installRuntime({ from: ${JSON.stringify(wheel)} })).library);`;
    const one = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, ['--input-type=module', '-e', script], { env: process.env });
        let out = '';
        for (const stream of [child.stdout, child.stderr])
          stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
        child.on('close', (code) => (code === 0 ? resolve(out.trim()) : reject(new Error(out))));
      });
    const libraries = await Promise.all([one(), one(), one()]);
    expect(new Set(libraries).size).toBe(1);
    expect(readdirSync(runtimeFolder())).toEqual(['2.19.0']);
    expect(readFileSync(libraries[0] as string)).toHaveLength(5_000_000);
  });

  it('clears what a killed process left a day ago, and nothing newer', async () => {
    mkdirSync(join(runtimeFolder(), '.install-old'), { recursive: true });
    mkdirSync(join(runtimeFolder(), '.install-new'));
    utimesSync(join(runtimeFolder(), '.install-old'), 0, 0);
    await installRuntime({ from: fakeWheel(wheelName) });
    expect(readdirSync(runtimeFolder()).sort()).toEqual(['.install-new', '2.19.0']);
  });
});

describe.skipIf(process.platform === 'win32')('downloading a wheel', () => {
  it('runs pip with pinned arguments, checks the digest, and goes on where it was', async () => {
    const wheel = fakeWheel(wheelName);
    fakePip(wheel);
    const sha256 = createHash('sha256').update(readFileSync(wheel)).digest('hex');
    const wanted = { requirement: 'tensorflow-cpu==2.20.0', sha256 };
    const wheels = join(folder, 'wheels');
    const first = await downloadWheel(wanted, 'linux-x64', wheels);
    expect(first).toBe(join(wheels, `${sha256}.whl`));
    expect(await downloadWheel(wanted, 'linux-x64', wheels)).toBe(first);
    const downloads = readFileSync(join(folder, 'pip.log'), 'utf8')
      .split('\n')
      .filter((line) => line.includes('download'));
    expect(downloads).toHaveLength(1);
    expect(downloads[0]).toContain(
      '--no-deps --only-binary=:all: --python-version 3.12 --implementation cp --abi cp312',
    );

    const other = { ...wanted, sha256: '0'.repeat(64) };
    await expect(downloadWheel(other, 'linux-x64', wheels)).rejects.toThrow(/has sha256 .*, expected 0{64}: not used/);
    expect(readdirSync(wheels)).toEqual([`${sha256}.whl`]);
  });
});
