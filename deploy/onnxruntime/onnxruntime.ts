/** ONNX Runtime in Node, from the optional package `onnxruntime-node`. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EngineError } from '../../engine/errors.js';
import { namedPlace, refuseRelativeSearchPaths } from '../../engine/host/environment.js';
import type { HostNetwork } from '../hostNetwork.js';

/** The part of the package that is used. */
interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: { readonly [key: string]: unknown }): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: 'float32', values: Float32Array, shape: readonly number[]) => OnnxValue;
}

interface OnnxValue {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** A network that ONNX Runtime holds. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(inputs: { readonly [name: string]: OnnxValue }): Promise<{ readonly [name: string]: OnnxValue }>;
  release(): Promise<void>;
}

const PACKAGE = 'onnxruntime-node';
const INSTALL = `ONNXRUNTIME_NODE_INSTALL=skip npm install ${PACKAGE}@1.30.0`;
const MISSING = `the onnxruntime engine needs the package ${PACKAGE}, which is not installed. Run: ${INSTALL}, where espalier is installed, or in a folder that ESPALIER_ONNXRUNTIME names`;
/** Warnings about shapes and the like say nothing to who runs the network: errors alone. */
const ERRORS_ONLY = 3;

/** The package's entry, in the folder that ESPALIER_ONNXRUNTIME names or beside this package; null: in neither. */
export const findOnnxRuntime = (): string | null => findBeside(PACKAGE);

/** A package of ONNX Runtime, in the same places. */
export function findBeside(name: string): string | null {
  const named = namedPlace('ESPALIER_ONNXRUNTIME');
  for (const from of [...(named === null ? [] : [join(named, 'package.json')]), import.meta.url]) {
    try {
      return createRequire(from).resolve(name);
    } catch {
      // looked for in the next place
    }
  }
  return null;
}

export interface OnnxOptions {
  /** Threads inside one operator. Defaults to all cores. */
  readonly threads?: number | undefined;
}

/**
 * Opens an ONNX file in ONNX Runtime, on the processor.
 *
 * @param bytes of the whole file
 * @throws EngineError when the package is missing, or it refuses the file
 */
export async function openOnnxNetwork(bytes: Uint8Array, { threads }: OnnxOptions = {}): Promise<HostNetwork> {
  refuseRelativeSearchPaths();
  const entry = findOnnxRuntime();
  if (entry === null) throw new EngineError(MISSING);
  const loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ pathToFileURL(entry).href)) as {
    readonly default: OnnxRuntime;
  };
  return openOnnxWith(loaded.default, bytes, threads === undefined ? {} : { intraOpNumThreads: threads });
}

/**
 * The same in a runtime that is loaded.
 *
 * @param options of the session
 */
export async function openOnnxWith(
  { InferenceSession, Tensor }: OnnxRuntime,
  bytes: Uint8Array,
  options: { readonly [key: string]: unknown },
): Promise<HostNetwork> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: ERRORS_ONLY, ...options }).catch(
    (error: unknown) => {
      throw new EngineError(`ONNX Runtime refuses the network: ${firstLine(error)}`);
    },
  );
  return {
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map(
        ([name, { values, shape }]) => [name, new Tensor('float32', values, shape)] as const,
      );
      const results = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(
        Object.entries(results).map(([name, { data, dims }]) => {
          if (!(data instanceof Float32Array)) throw new EngineError(`output '${name}' of the network is not float32`);
          return [name, { values: data, shape: [...dims] }];
        }),
      );
    },
    dispose: () => session.release(),
  };
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
