/** What runs inside the page: the library's browser entry, on goldens and checkpoints that the test's server gives. */

import * as tf from '@tensorflow/tfjs';
import { type EngineInfo, type EngineName, type FoundObject, openDetector, ready } from '../../index.js';
import '../../engine/webgpu/browser.js';
import { evaluateSingle, SINGLE_CASES } from '../engine/kernels/singleCases.js';
import { type NetworkFigures, runNetwork } from './network.js';
import { type CheckpointFigures, trainClasses, useCheckpoint } from './scenario.js';

/** Asked through the test's connection to the page. */
export interface PageCalls {
  open(engine: EngineName, wasmPaths?: string): Promise<EngineInfo>;
  network(name: string, sizes: readonly number[]): Promise<NetworkFigures>;
  checkpoint(path: string, steps: number): Promise<CheckpointFigures>;
  classes: typeof trainClasses;
  /** What a checkpoint finds in an image file that is given in every way a page can have it; by the way. */
  opened(checkpoint: string, image: string): Promise<{ readonly [way: string]: readonly FoundObject[] }>;
  /** What opening something that is no checkpoint says. */
  refused(address: string): Promise<string>;
  /** Of every case, in their order. */
  single(): Promise<Awaited<ReturnType<typeof evaluateSingle>>[]>;
}

const calls: PageCalls = {
  open: (engine, wasmPaths = '/wasm/') => ready({ engine, wasmPaths }),
  network: async (name, sizes) => runNetwork(name, await (await fetch(`/golden/${name}.json`)).json(), sizes),
  classes: trainClasses,
  opened: async (checkpoint, image) => {
    const fromAddress = await openDetector(checkpoint, { threshold: 0 });
    const blob = await (await fetch(image)).blob();
    const bitmap = await createImageBitmap(blob);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.drawImage(bitmap, 0, 0);
    const element = new Image();
    element.src = image;
    await element.decode();
    const tensor = tf.browser.fromPixels(canvas);
    const ways = {
      blob,
      bitmap,
      canvas,
      element,
      imageData: context.getImageData(0, 0, canvas.width, canvas.height),
      tensor,
    };
    const found: { [way: string]: readonly FoundObject[] } = {};
    for (const [way, given] of Object.entries(ways)) found[way] = await fromAddress.predict(given);
    fromAddress.dispose();
    tensor.dispose();
    const fromBlob = await openDetector(await (await fetch(checkpoint)).blob(), { threshold: 0 });
    found.checkpointBlob = await fromBlob.predict(blob);
    fromBlob.dispose();
    return found;
  },
  refused: async (address) => {
    const message = await openDetector(address).then(
      () => 'opened',
      (error: unknown) => String(error),
    );
    const detector = await openDetector(address).catch(() => null);
    return `${message}${detector ? '!' : ''}`;
  },
  single: async () => {
    const found = [];
    for (const single of SINGLE_CASES) found.push(await evaluateSingle(single));
    return found;
  },
  checkpoint: async (path, steps) => useCheckpoint(new Uint8Array(await (await fetch(path)).arrayBuffer()), steps),
};

Object.assign(globalThis, { espalier: calls });
