/** ONNX Runtime in Node, from the optional package `onnxruntime-node`. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EngineError } from '../../engine/errors.js';
import { namedPlace, refuseRelativeSearchPaths } from '../../engine/host/environment.js';
import type { HostNetwork } from '../hostNetwork.js';
import { type OnnxRuntime, openOnnxSession } from '../onnxSession.js';

const PACKAGE = 'onnxruntime-node';
const INSTALL = `ONNXRUNTIME_NODE_INSTALL=skip npm install ${PACKAGE}@1.30.0`;
/** Why there is no runtime where the package is not installed. */
export const MISSING_ONNXRUNTIME = `the onnxruntime engine needs the package ${PACKAGE}, which is not installed. Run: ${INSTALL}, where espalier is installed, or in a folder that ESPALIER_ONNXRUNTIME names`;

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
  if (entry === null) throw new EngineError(MISSING_ONNXRUNTIME);
  const loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ pathToFileURL(entry).href)) as {
    readonly default: OnnxRuntime;
  };
  return openOnnxSession(loaded.default, bytes, threads === undefined ? {} : { intraOpNumThreads: threads });
}
