/** WebGPU in Node: Dawn, from the optional package `webgpu`. Importing this makes `ready({ engine: 'webgpu' })` work. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { registerEngine } from '../engine.js';
import { EngineError } from '../errors.js';
import { namedPlace, refuseRelativeSearchPaths } from '../host/environment.js';
import { openAdapter } from './adapter.js';

/** The part of the package `webgpu` that is used. */
interface Dawn {
  /** WebGPU's classes and constants, for globalThis. */
  readonly globals: object;
  create(options: readonly string[]): GPU;
}

const PACKAGES = ['webgpu', '@tensorflow/tfjs-backend-webgpu'] as const;
const INSTALL = 'npm install webgpu@0.6.2 @tensorflow/tfjs-backend-webgpu@4.22.0';

registerEngine('webgpu', async () => {
  refuseRelativeSearchPaths();
  const [dawn, backend] = PACKAGES.map(find);
  if (!dawn || !backend) {
    const missing = [dawn, backend].flatMap((found, i) => (found ? [] : [PACKAGES[i]]));
    return {
      reason: `the webgpu engine needs the packages ${PACKAGES.join(' and ')}; not installed: ${missing.join(', ')}. Run: ${INSTALL}, where espalier is installed, or in a folder that ESPALIER_WEBGPU names`,
    };
  }
  try {
    await provideGpu(pathToFileURL(dawn).href);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : error;
    return { reason: `Dawn does not run on this machine: ${why} (${dawn}); open the wasm engine instead` };
  }
  await import(/* @vite-ignore */ /* webpackIgnore: true */ pathToFileURL(backend).href);
  const opened = await openAdapter(() => whyNoAdapter(dawn));
  if ('engine' in opened) refuseSynchronousReads();
  return opened;
});

/** The entry of a package that is installed in the folder that ESPALIER_WEBGPU names, or beside this one. */
function find(name: string): string | null {
  const named = namedPlace('ESPALIER_WEBGPU');
  for (const from of [...(named === null ? [] : [join(named, 'package.json')]), import.meta.url]) {
    try {
      return createRequire(from).resolve(name);
    } catch {
      // looked for in the next place
    }
  }
  return null;
}

let provided = false;

/** Gives this process `navigator.gpu`, as a browser's page has it. */
async function provideGpu(entry: string): Promise<void> {
  if (provided) return;
  const { create, globals } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ entry)) as Dawn;
  Object.assign(globalThis, globals);
  if (!globalThis.navigator) Object.defineProperty(globalThis, 'navigator', { value: {}, configurable: true });
  Object.defineProperty(globalThis.navigator, 'gpu', { value: create([]), configurable: true });
  provided = true;
}

let refused = false;

/** A page reads a tensor on the spot by way of a canvas; Node has none. */
function refuseSynchronousReads(): void {
  if (refused) return;
  refused = true;
  const backend = tf.backend();
  const readSync = backend.readSync.bind(backend);
  backend.readSync = (id) => {
    try {
      return readSync(id);
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error; // OffscreenCanvas is not defined
      throw new EngineError(
        'the webgpu engine of Node cannot read a tensor on the spot (dataSync, arraySync): use await tensor.data()',
      );
    }
  };
}

const REMEDY: Partial<Record<NodeJS.Platform, string>> = {
  linux:
    'install the Vulkan loader and a driver of Vulkan 1.1 or newer (Debian: libvulkan1 and mesa-vulkan-drivers, or the driver of the card; in a container the card must be passed through with its graphics libraries); `vulkaninfo --summary` lists the drivers, VK_DRIVER_FILES chooses one',
  win32: 'install the driver of the graphics card (Direct3D 12)',
  darwin: 'it takes a machine with Metal',
};

/** Dawn says why it takes no adapter on stderr alone: asked again in a process of its own, whose stderr can be read. */
function whyNoAdapter(dawn: string): string {
  const program = `import(process.argv[1]).then(({ create }) => create([]).requestAdapter()).then(() => process.exit())`;
  const { stderr } = spawnSync(process.execPath, ['--eval', program, pathToFileURL(dawn).href], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  const said = [...new Set(stderr.split('\n').flatMap((line) => /^(?:Warning|Error): (.+)/.exec(line)?.[1] ?? []))];
  const why = said.length > 0 ? said.join('; ') : 'no graphics driver was found';
  return `Dawn finds no WebGPU adapter (${why}): ${REMEDY[process.platform] ?? 'install a graphics driver'}; or open the wasm engine`;
}
