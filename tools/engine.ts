import type { Cluster } from '../engine/collective.js';
import { type EngineInfo, type EngineName, ready } from '../engine/engine.js';
import '../engine/tensorflow/tensorflow.js';
import '../engine/webgpu/dawn.js';
import type { Output } from './output.js';

export interface EngineOptions {
  readonly engine?: EngineName;
  readonly threads?: number;
}

/** Opens the engine, the one asked for or the fastest there is, and says once which. */
export async function openEngine(options: EngineOptions, output: Output, cluster?: Cluster): Promise<EngineInfo> {
  const { engine, threads } = options;
  const info = await ready({
    ...(engine === undefined ? {} : { engine }),
    ...(threads === undefined ? {} : { threads }),
    ...(cluster === undefined ? {} : { cluster }),
  });
  output.note(`engine: ${info.description}`);
  return info;
}
