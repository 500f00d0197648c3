/** What runs in a thread of `openInThread`: a GraphModel on an engine of its own; inputs in, outputs out, one after the other. */

import { parentPort, workerData } from 'node:worker_threads';
import type { ExportedFile } from '../../deploy/formats.js';
import type { HostNetwork, HostValues } from '../../deploy/hostNetwork.js';
import { openGraphModelNetwork } from '../../deploy/tensorflow/graphModelNetwork.js';
import { ready } from '../../engine/engine.js';
import { messageOf } from '../../engine/errors.js';

export interface Setup {
  readonly engine: 'wasm' | 'cpu';
  readonly files: readonly ExportedFile[];
}

/** The first says that the network is open. */
export type Answer = { readonly outputs: HostValues; readonly milliseconds: number } | { readonly problem: string };

const { engine, files } = workerData as Setup;

async function answer(work: () => Promise<HostValues>): Promise<void> {
  const started = performance.now();
  try {
    const outputs = await work();
    parentPort?.postMessage({ outputs, milliseconds: performance.now() - started } satisfies Answer);
  } catch (error) {
    parentPort?.postMessage({ problem: messageOf(error) } satisfies Answer);
  }
}

let network: HostNetwork | undefined;
await answer(async () => {
  await ready({ engine });
  network = await openGraphModelNetwork(files);
  return {};
});
parentPort?.on('message', (inputs: HostValues) => {
  void answer(async () => (await network?.run(inputs)) ?? {});
});
