import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawCells } from '../../datasets/index.js';
import { expectRefusal, runProgram } from './program.js';

/** A data set as a stranger hands it out: programs lie in it under every name that is looked up somewhere. Each leaves a mark when it runs. */
const folder = mkdtempSync(join(tmpdir(), 'espalier-planted-'));
const set = join(folder, 'set');
const marks = join(folder, 'marks');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const mark = (name: string): string => join(marks, name.replaceAll('/', '-'));
const python = (name: string): string => `open(${JSON.stringify(mark(name))}, 'w').write('ran')\n`;
const node = (name: string): string => `require('fs').writeFileSync(${JSON.stringify(mark(name))}, 'ran');\n`;
const shell = (name: string): string => `#!/bin/sh\necho ran > '${mark(name)}'\n`;

const MODULES = ['pip', 'site', 'sitecustomize', 'usercustomize', 'importlib', 'tensorflow', 'runpy', 'encodings'];
const PACKAGES = ['webgpu', '@tensorflow/tfjs-backend-webgpu', '@tensorflow/tfjs', 'sharp', 'koffi', 'espalier'];
const TFJS_NODE = ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu'];
const PROGRAMS = ['python3', 'python', 'git', 'node', 'cuda_sdk_lib/bin/ptxas', 'bin/ptxas'];
const LIBRARIES = ['libcuda.so.1', 'libresolv.so.2', 'libvips-cpp.so.8.18.7', 'libvulkan.so.1', 'libtensorflow.so.2'];
const extension = process.platform === 'darwin' ? '2.dylib' : 'so.2';

function plant(path: string, content: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(join(set, path)), { recursive: true });
  writeFileSync(join(set, path), content);
  chmodSync(join(set, path), mode);
}

/** A shared object that leaves a mark when it is loaded; where there is no C compiler, a file that is none. */
function library(): Buffer {
  const [source, built] = [join(folder, 'mark.c'), join(folder, 'mark.so')];
  writeFileSync(
    source,
    `#include <stdio.h>\n__attribute__((constructor)) static void run(void) { FILE *f = fopen(${JSON.stringify(mark('library'))}, "w"); if (f) fclose(f); }\n`,
  );
  const { status } = spawnSync('cc', ['-shared', '-fPIC', '-o', built, source], { stdio: 'ignore' });
  return status === 0 ? readFileSync(built) : Buffer.from('no library');
}

beforeAll(async () => {
  mkdirSync(marks);
  await drawCells({ out: set, images: 3, seed: 1 });
  for (const name of MODULES) {
    plant(`${name}.py`, python(name));
    plant(`${name}/__init__.py`, python(`${name}/__init__`));
    plant(`${name}/__main__.py`, python(`${name}/__main__`));
  }
  for (const name of [...PACKAGES, ...TFJS_NODE]) {
    plant(`node_modules/${name}/index.js`, node(name));
    plant(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '0.6.2', main: 'index.js' }));
  }
  for (const name of PROGRAMS) plant(name, shell(name), 0o755);
  const bytes = library();
  for (const name of LIBRARIES) plant(name, bytes);
  const folders = ['.', 'tensorflow', 'lib', ...TFJS_NODE.map((name) => `node_modules/${name}/deps/lib`)];
  for (const each of folders) plant(`${each}/libtensorflow_cc.${extension}`, bytes);
  plant('.python-version', `../../../..${set}`);
  plant('pip.conf', '[global]\nindex-url = file:///nowhere\n');
  plant(
    'cfg.yaml',
    'data: { kind: coco, root: ., images: images, train: annotations/train.json, val: annotations/val.json }\n' +
      'model: { inputSize: [64, 64], neckChannels: 16, neckRepeats: 1 }\ntrain: { epochs: 1, batchSize: 2, workers: 1 }\n',
  );
});

/** Nothing is installed, nothing is fetched, and empty and relative entries of the searches lead into the folder. */
const environment = (): NodeJS.ProcessEnv => ({
  ESPALIER_CACHE: join(folder, 'cache'),
  ESPALIER_TENSORFLOW: '',
  PATH: ['', '.', './bin', process.env.PATH].join(delimiter),
  PYTHONPATH: ['', '.'].join(delimiter),
  PIP_NO_INDEX: '1',
});

describe.skipIf(process.platform === 'win32')('what lies in the working folder', () => {
  it('would run if it were looked up there', () => {
    const env = { ...process.env, ...environment() };
    expect(existsSync(mark('python3'))).toBe(false);
    execFileSync('python3', ['-m', 'pip'], { cwd: set, env });
    expect(readdirSync(marks)).toEqual(['python3']);
    rmSync(mark('python3'));
  });

  it.each([
    [['doctor'], 0],
    [['runtime', 'list'], 0],
    [['runtime', 'install'], 1],
    [['train', 'cfg.yaml', '--out', 'run', '--offline', '--no-plots'], 0],
  ] as const)('does not by `espalier %j`', (args, status) => {
    const outcome = runProgram(set, args, environment());
    expect(readdirSync(marks), outcome.stderr).toEqual([]);
    expect(outcome.stdout + outcome.stderr).not.toContain(set);
    expect(outcome.status, outcome.stderr).toBe(status);
  });

  it.each([
    [['doctor'], { LD_LIBRARY_PATH: `:${tmpdir()}` }, /^espalier: LD_LIBRARY_PATH is ".+", with an empty entry/],
    [
      ['runtime', 'list'],
      { ESPALIER_TENSORFLOW: 'tensorflow' },
      /^espalier: ESPALIER_TENSORFLOW is "tensorflow", a path relative to/,
    ],
    [['doctor'], { ESPALIER_WEBGPU: '.' }, /^espalier: ESPALIER_WEBGPU is "\.", a path relative to/],
  ] as const)('is refused by `espalier %j` where it is named by %j', (args, named, message) => {
    expectRefusal(runProgram(set, args, { ...environment(), ...named }), 2, message);
    expect(readdirSync(marks)).toEqual([]);
  });
});
