import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NetworkFigures } from '../../browser/network.js';
import { createSmallDetector, trainSteps } from '../../browser/scenario.js';
import { expectRefusal, type Outcome, runProgram } from '../../tools/program.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const isOnce = tf.getBackend() === 'wasm'; // the engine of these processes is not this one's
const folder = mkdtempSync(join(tmpdir(), 'espalier-webgpu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A folder where the package `webgpu` is installed: ESPALIER_WEBGPU, or this repository, to which npm adds no optional peer of its own. */
const home = process.env.ESPALIER_WEBGPU ?? root;
const missing = isInstalled(home)
  ? undefined
  : 'the package webgpu is not installed: npm install webgpu@0.6.2 in a folder that ESPALIER_WEBGPU names';

function isInstalled(place: string): boolean {
  try {
    return createRequire(join(place, 'package.json')).resolve('webgpu') !== '';
  } catch {
    return false;
  }
}

describe.skipIf(!isOnce || isInstalled(root))('webgpu in Node without the package', () => {
  it('names both packages and the command that installs them', () => {
    const outcome = runProgram(folder, ['doctor', '--engine', 'webgpu']);
    expectRefusal(outcome, 1, /needs the packages webgpu and @tensorflow\/tfjs-backend-webgpu; not installed: webgpu/);
    expect(outcome.stderr).toMatch(/npm install webgpu@\S+ @tensorflow\/tfjs-backend-webgpu@\S+/);
  });

  it('is one line of the doctor, and no problem of the other engines', () => {
    const { status, stdout } = runProgram(folder, ['doctor']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^webgpu {3}none: .*npm install/m);
  });

  it('says that the binary does not load where the package is incomplete', () => {
    const place = join(folder, 'incomplete');
    mkdirSync(join(place, 'node_modules/webgpu'), { recursive: true });
    writeFileSync(join(place, 'node_modules/webgpu/index.js'), "module.exports = require('./dist/other.node');");
    expectRefusal(
      runProgram(folder, ['doctor', '--engine', 'webgpu'], { ESPALIER_WEBGPU: place }),
      1,
      /Dawn does not run on this machine: Cannot find/,
    );
  });
});

describe.skipIf(!isOnce || missing !== undefined)(`webgpu in Node ${missing ?? ''}`, () => {
  let program = '';
  beforeAll(async () => {
    program = join(root, 'dist', `webgpu-test-${process.pid}.mjs`); // below the repository, whose packages and goldens it reads
    await build({
      entryPoints: [join(dirname(fileURLToPath(import.meta.url)), 'child.ts')],
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      packages: 'external',
      ignoreAnnotations: true, // what package.json says of side effects is said of dist/
      logLevel: 'silent',
    });
  }, 60_000);
  afterAll(() => rmSync(program, { force: true }));

  const run = (args: readonly string[], environment: NodeJS.ProcessEnv = {}): Outcome => {
    const env = { ...process.env, XDG_RUNTIME_DIR: folder, ...environment };
    return spawnSync(process.execPath, [program, ...args], { cwd: home, encoding: 'utf8', env, timeout: 500_000 });
  };
  const noDriver = { VK_ICD_FILENAMES: '/nowhere.json', VK_DRIVER_FILES: '/nowhere.json' };
  const hasAdapter = missing === undefined && runProgram(home, ['doctor', '--engine', 'webgpu']).status === 0;

  it('is refused with the reason and the remedy where there is no adapter', () => {
    const { status, stderr } = run(['reading'], noDriver);
    expect(stderr).toMatch(/Dawn finds no WebGPU adapter \(.+\): install .* or open the wasm engine/);
    expect(status).toBe(1);
  });

  describe.skipIf(!hasAdapter)(
    `with an adapter ${hasAdapter ? '' : '(none: VK_DRIVER_FILES chooses a driver)'}`,
    () => {
      const answer = <T>(args: readonly string[]): T => {
        const { status, stdout, stderr } = run(args);
        expect(status, stderr).toBe(0);
        return (JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { readonly result: T }).result;
      };

      it.for(['tf_efficientnet_lite0', 'efficientnet_b0'])(
        '%s gives the recorded maps and logits',
        {
          timeout: 500_000,
        },
        async (name, { annotate }) => {
          const figures = answer<NetworkFigures>(['network', name]);
          expect(figures.worst, figures.where).toBeLessThanOrEqual(1);
          expect(figures.tensors).toBeGreaterThanOrEqual(6);
          expect(figures.leaked).toBe(0);
          await annotate(JSON.stringify(figures));
        },
      );

      it('trains a small detector as WebAssembly does', { timeout: 500_000 }, async () => {
        const { losses, tensors } = answer<{ readonly losses: readonly number[]; readonly tensors: number }>([
          'training',
        ]);
        const detector = createSmallDetector();
        const expected = await trainSteps(detector, 0, 2);
        detector.dispose();
        const [first = 0, ...later] = losses.map((loss, i) => Math.abs(loss / (expected[i] as number) - 1));
        expect(first).toBeLessThanOrEqual(1e-4);
        expect(Math.max(...later)).toBeLessThanOrEqual(1e-2); // as test/browser/checkpoint.test.ts
        expect(tensors).toBe(0);
      });

      it('says that tensors are read asynchronously', () => {
        const [message, sum] = answer<readonly [string, number]>(['reading']);
        expect(message).toMatch(/cannot read a tensor on the spot .* use await tensor\.data\(\)/);
        expect(sum).toBe(4096);
      });
    },
  );
});
