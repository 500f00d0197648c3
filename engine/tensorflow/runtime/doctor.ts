import { availableParallelism, freemem } from 'node:os';
import { ready } from '../../engine.js';
import { EspalierError } from '../../errors.js';
import { currentContext, deviceOf } from '../context.js';
import { findLibrary, type LibraryFiles } from './library.js';
import { whyNoRuntime } from './runtime.js';
import { RUNTIME_VERSION } from './wheels.js';
import '../tensorflow.js';

/** What this machine offers; `problems` are sentences that end with what to do. */
export interface Diagnosis {
  /** The engine that would be used. */
  readonly engine: string;
  /** Path of the TensorFlow library; null without one. */
  readonly library: string | null;
  readonly version: string | null;
  /** What computes, e.g. `CPU` or `GPU:0 NVIDIA H100`. */
  readonly device: string;
  readonly threads: number;
  readonly problems: readonly string[];
}

const MIN_FREE_BYTES = 2 * 2 ** 30;

/** Looks for the library, opens the engine that `ready()` would choose, and says what stands in the way of a faster one. */
export async function diagnose(): Promise<Diagnosis> {
  const problems: string[] = [];
  const files = search(problems);
  if (freemem() < MIN_FREE_BYTES) {
    const free = (freemem() / 2 ** 30).toFixed(1);
    problems.push(`only ${free} GiB of memory are free: lower train.batchSize or model.inputSize`);
  }
  const { engine } = await ready(problems.length > 0 && !files ? { engine: 'wasm' } : {});
  if (engine !== 'tensorflow') {
    return { engine, library: null, version: null, device: 'CPU', threads: 1, problems };
  }
  const context = currentContext();
  if (context.version !== RUNTIME_VERSION) {
    problems.push(
      `TensorFlow ${context.version} is used, ${RUNTIME_VERSION} is what this release was tested with: espalier runtime install`,
    );
  }
  return {
    engine,
    library: files?.library ?? null,
    version: context.version,
    device: deviceOf(context),
    threads: context.threads || availableParallelism(),
    problems,
  };
}

function search(problems: string[]): LibraryFiles | null {
  try {
    const files = findLibrary();
    if (!files) {
      const remedy = whyNoRuntime() ?? "run 'espalier runtime install'";
      problems.push(`no TensorFlow library was found, training is about twice as slow on wasm: ${remedy}`);
    }
    return files;
  } catch (error) {
    if (!(error instanceof EspalierError)) throw error;
    problems.push(error.message);
    return null;
  }
}
