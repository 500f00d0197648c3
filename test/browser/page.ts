/** What runs inside the page: the library's browser entry, on goldens and checkpoints that the test's server gives. */
import { type EngineInfo, type EngineName, ready } from '../../index.js';
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
  /** Of every case, in their order. */
  single(): Promise<Awaited<ReturnType<typeof evaluateSingle>>[]>;
}

const calls: PageCalls = {
  open: (engine, wasmPaths = '/wasm/') => ready({ engine, wasmPaths }),
  network: async (name, sizes) => runNetwork(name, await (await fetch(`/golden/${name}.json`)).json(), sizes),
  classes: trainClasses,
  single: async () => {
    const found = [];
    for (const single of SINGLE_CASES) found.push(await evaluateSingle(single));
    return found;
  },
  checkpoint: async (path, steps) => useCheckpoint(new Uint8Array(await (await fetch(path)).arrayBuffer()), steps),
};

Object.assign(globalThis, { espalier: calls });
