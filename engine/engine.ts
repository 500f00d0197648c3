import * as tf from '@tensorflow/tfjs';
import type { Cluster } from './collective.js';
import { EngineError } from './errors.js';
import { keepApart } from './guard.js';
import { repairStockGradients } from './kernels/stockGradients.js';
import { requireKnownTfjs } from './tfjs.js';
import { openWasm, type WasmOptions } from './wasm/wasm.js';
import { openWebGl } from './webgl/webgl.js';

/**
 * How tensors run. `tensorflow` needs Node and libtensorflow; `wasm` runs everywhere; `webgl` needs a browser; `webgpu` a
 * browser and the import of `espalier/webgpu`, or Node and the package `webgpu`; `cpu` is for tests of tiny shapes.
 */
export const ENGINE_NAMES = ['tensorflow', 'wasm', 'webgl', 'webgpu', 'cpu'] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

export interface EngineInfo {
  readonly engine: EngineName;
  /** One line for people: what was chosen and why. */
  readonly description: string;
  /** Inside one op, and ops at the same time. */
  readonly threads: number;
  readonly interOpThreads: number;
}

export interface ReadyOptions extends WasmOptions {
  /** An engine asked for by name never falls back. Defaults to the fastest that is present. */
  readonly engine?: EngineName;
  /** Threads inside one op. Defaults to all cores. Only the tensorflow engine has more than one. */
  readonly threads?: number;
  /** Ops that run at the same time. Defaults to `threads`. */
  readonly interOpThreads?: number;
  /** 'gpu': an error without one; 'cpu': a GPU is left alone. Absent: a GPU where the installed library is for one. */
  readonly device?: 'cpu' | 'gpu';
  /** Processes to compute with; the tensorflow engine only. */
  readonly cluster?: Cluster;
}

/** Opens one engine. Null: not present here, `reason` says why and what to do. */
export type Opener = (options: ReadyOptions) => Promise<EngineInfo | { readonly reason: string }>;

const ONE_THREAD = { threads: 1, interOpThreads: 1 } as const;

const openers = new Map<EngineName, Opener>([
  [
    'wasm',
    async (options) => {
      await openWasm(options);
      return { engine: 'wasm', description: 'wasm (WebAssembly, one thread)', ...ONE_THREAD };
    },
  ],
  ['webgl', openWebGl],
  ['webgpu', async () => ({ reason: "the webgpu engine is a module of its own: import 'espalier/webgpu' first" })],
  [
    'cpu',
    async () => {
      await tf.setBackend('cpu');
      repairStockGradients();
      return { engine: 'cpu', description: 'cpu (plain JavaScript, slow)', ...ONE_THREAD };
    },
  ],
]);

/** Order in which engines are tried when none is asked for. */
const PREFERENCE: readonly EngineName[] = ['tensorflow', 'wasm'];

/** Adds an engine that only some platforms have. */
export function registerEngine(name: EngineName, opener: Opener): void {
  openers.set(name, opener);
}

/** The calls of `ready` so far, each after the one before. */
let last: Promise<EngineInfo | null> = Promise.resolve(null);

/**
 * Opens the engine, before the first tensor. A second call that names no engine keeps the one that is open; one that names
 * another changes to it, and tensors and models of the first are then refused.
 *
 * @throws EngineError when the engine asked for by name is not present, with the reason and the remedy
 */
export function ready(options: ReadyOptions = {}): Promise<EngineInfo> {
  const opening = last.then((before) => open(options, before));
  last = last.then((before) => opening.catch(() => before));
  return opening;
}

async function open({ engine: asked, ...options }: ReadyOptions, before: EngineInfo | null): Promise<EngineInfo> {
  requireKnownTfjs();
  const { cluster } = options;
  const engine = asked ?? (cluster ? 'tensorflow' : before?.engine);
  if (cluster && engine !== 'tensorflow') {
    throw new EngineError(`the ${engine} engine computes alone: a cluster needs the tensorflow engine`);
  }
  const backend = tf.getBackend();
  const reasons: string[] = [];
  for (const name of engine === undefined ? PREFERENCE : [engine]) {
    const opener = openers.get(name);
    const opened = opener ? await opener(options) : { reason: `engine '${name}' does not exist on this platform` };
    if ('engine' in opened) {
      keepApart(tf.getBackend());
      if (before && before.engine !== opened.engine) {
        reasons.unshift(`instead of ${before.engine}, whose tensors and models are refused from now on`);
      }
      const because = reasons.length > 0 ? `; ${reasons.join('; ')}` : '';
      return { ...opened, description: opened.description + because };
    }
    reasons.push(opened.reason);
  }
  if (backend && tf.getBackend() !== backend) await tf.setBackend(backend);
  throw new EngineError(reasons.join('; '));
}
