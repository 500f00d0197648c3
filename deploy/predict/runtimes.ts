/// <reference path="./onnxruntime-web.d.ts" />
import { EngineError } from '../../engine/errors.js';
import type { HostNetwork } from '../hostNetwork.js';
import { firstLine, type OnnxRuntime, openOnnxSession } from '../onnxSession.js';
import type { NetworkFiles } from './networkFiles.js';

/** Settings of a runtime; each is read by those that it is for. */
export interface RuntimeOptions {
  /** Threads inside one operator; a page has more than one where it is cross-origin isolated. Defaults to the runtime's own. */
  readonly threads?: number | undefined;
  /** Folder, ending in `/`, of the runtime's `.wasm` files. Defaults to where its package has them. */
  readonly wasmPaths?: string | undefined;
}

/** Opens a network in a runtime that is there. */
export type OpenNetwork = (files: NetworkFiles) => Promise<HostNetwork>;

/** A way to run exported networks. */
export interface Runtime<Name extends string = string> {
  readonly name: Name;
  /** The format that it reads. */
  readonly reads: 'onnx' | 'graphModel';
  /** Loads what it needs; `reason` says what is missing here, and the remedy. */
  readonly load: (options: RuntimeOptions) => Promise<OpenNetwork | { readonly reason: string }>;
}

/** A package of ONNX Runtime for pages, and for WebAssembly anywhere. */
interface WebRuntime extends OnnxRuntime {
  readonly env: { readonly wasm: { numThreads?: number | undefined; wasmPaths?: unknown } };
}

/** @param load imports the package: its name stands in the import, for bundlers */
const onnxruntimeWeb = <Name extends string>(
  name: Name,
  provider: string,
  load: () => Promise<unknown>,
): Runtime<Name> => ({
  name,
  reads: 'onnx',
  load: async ({ threads, wasmPaths }) => {
    if (provider === 'webgpu' && !(await hasWebGpu())) return { reason: `${name}: ${NO_WEBGPU}` };
    if ((threads ?? 1) > 1 && globalThis.crossOriginIsolated === false) return { reason: `${name}: ${NOT_ISOLATED}` };
    let runtime: WebRuntime;
    try {
      runtime = (await load()) as WebRuntime;
    } catch (error) {
      return {
        reason: `${name} needs the package onnxruntime-web (${firstLine(error)}): npm install onnxruntime-web@1.30.0`,
      };
    }
    const { wasm } = runtime.env;
    if (threads !== undefined) wasm.numThreads = threads;
    if (wasmPaths !== undefined) wasm.wasmPaths = wasmPaths;
    return async ({ onnx }) => openOnnxSession(runtime, await bytesOf(onnx), { executionProviders: [provider] });
  },
});

const NO_WEBGPU =
  'there is no WebGPU adapter here: it takes a browser with WebGPU, a page served from https or localhost, and a graphics driver';
const NOT_ISOLATED =
  "a page has threads where it is cross-origin isolated: serve it with 'Cross-Origin-Opener-Policy: same-origin' and 'Cross-Origin-Embedder-Policy: require-corp', or leave threads out";

async function hasWebGpu(): Promise<boolean> {
  const gpu = (globalThis.navigator as { readonly gpu?: { requestAdapter(): Promise<unknown> } } | undefined)?.gpu;
  return gpu !== undefined && (await gpu.requestAdapter().catch(() => null)) !== null;
}

async function bytesOf(onnx: NetworkFiles['onnx']): Promise<Uint8Array> {
  if (!onnx) throw new EngineError('ONNX Runtime reads ONNX files and bundles: this is a GraphModel');
  return onnx();
}

/** @param engine of TensorFlow.js, as `ready` names it */
export const tfjsRuntime = <Name extends string>(
  name: Name,
  engine: 'wasm' | 'webgl' | 'webgpu' | 'cpu' | 'tensorflow',
  prepare: () => Promise<unknown> = async () => undefined,
): Runtime<Name> => ({
  name,
  reads: 'graphModel',
  load: async (options) => {
    try {
      await prepare();
      const { openTfjs } = await import('./tfjs.js');
      return await openTfjs(engine, options);
    } catch (error) {
      if (error instanceof EngineError) return { reason: `${name}: ${error.message}` };
      return {
        reason: `${name} needs the package @tensorflow/tfjs (${firstLine(error)}): npm install @tensorflow/tfjs@4.22.0`,
      };
    }
  },
});

/** What runs in a page, the first that is there being taken where none is named; webgl, webgpu and cpu are only taken by name. */
export const PORTABLE_RUNTIMES = [
  onnxruntimeWeb('onnxruntime-web', 'wasm', () => import('onnxruntime-web/wasm')),
  tfjsRuntime('tfjs-wasm', 'wasm'),
] as const;

/** Only taken by name: graphics processors differ in their last digits and compile first, and plain JavaScript is slow. */
export const NAMED_RUNTIMES = [
  onnxruntimeWeb('onnxruntime-webgpu', 'webgpu', () => import('onnxruntime-web/webgpu')),
  tfjsRuntime('tfjs-webgl', 'webgl'),
  tfjsRuntime('tfjs-webgpu', 'webgpu', () => import('../../engine/webgpu/browser.js')),
  tfjsRuntime('tfjs-cpu', 'cpu'),
] as const;

export type RuntimeName = (typeof PORTABLE_RUNTIMES | typeof NAMED_RUNTIMES)[number]['name'];
