/** What runs inside the page: the library's browser entry, on goldens and checkpoints that the test's server gives. */
import * as tf from '@tensorflow/tfjs';
import { type EngineInfo, type EngineName, ready } from '../../index.js';
import '../../engine/webgpu/browser.js';
import { type NetworkFigures, runNetwork } from './network.js';

/** Asked through the test's connection to the page. */
export interface PageCalls {
  open(engine: EngineName): Promise<EngineInfo>;
  network(name: string, sizes: number): Promise<NetworkFigures>;
}

const calls: PageCalls = {
  open: (engine) => ready({ engine, wasmPaths: '/wasm/' }),
  network: async (name, sizes) => runNetwork(name, await (await fetch(`/golden/${name}.json`)).json(), sizes),
};

Object.assign(globalThis, { espalier: calls, tf });
