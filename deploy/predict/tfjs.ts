/** TensorFlow.js as a runtime of exported networks: a module of its own, as it is loaded where it is asked for. */
import { EngineError } from '../../engine/errors.js';
import { type EngineName, ready } from '../../engine/index.js';
import { openGraphModelNetwork } from '../tensorflow/graphModelNetwork.js';
import type { OpenNetwork, RuntimeOptions } from './runtimes.js';

/** @throws EngineError when the engine is not there */
export async function openTfjs(engine: EngineName, { threads, wasmPaths }: RuntimeOptions): Promise<OpenNetwork> {
  await ready({
    engine,
    ...(wasmPaths === undefined ? {} : { wasmPaths }),
    ...(threads === undefined ? {} : { threads }),
  });
  return async ({ graphModel }) => {
    if (!graphModel)
      throw new EngineError('TensorFlow.js reads GraphModels and bundles: this is an ONNX file; export --to bundle');
    return openGraphModelNetwork(await graphModel());
  };
}
