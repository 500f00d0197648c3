import { EngineError, messageOf } from '../engine/errors.js';
import type { HostNetwork } from './hostNetwork.js';

/** The part of ONNX Runtime that is used: the same in its packages for Node and for pages. */
export interface OnnxRuntime {
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
interface OnnxSession {
  /** Inputs, in runtimes that describe them; a free side is a text. */
  readonly inputMetadata?: readonly { readonly name: string; readonly shape?: readonly (number | string)[] }[];
  run(inputs: { readonly [name: string]: OnnxValue }): Promise<{ readonly [name: string]: OnnxValue }>;
  release(): Promise<void>;
}

/** Warnings about shapes and the like say nothing to who runs the network: errors alone. */
const ERRORS_ONLY = 3;

/**
 * Opens an ONNX file in a runtime that is loaded.
 *
 * @param bytes of the whole file
 * @param options of the session
 * @throws EngineError when the runtime refuses the file
 */
export async function openOnnxSession(
  { InferenceSession, Tensor }: OnnxRuntime,
  bytes: Uint8Array,
  options: { readonly [key: string]: unknown },
): Promise<HostNetwork> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: ERRORS_ONLY, ...options }).catch(
    (error: unknown) => {
      throw new EngineError(`ONNX Runtime refuses the network: ${firstLine(error)}`);
    },
  );
  const { inputMetadata } = session;
  return {
    ...(inputMetadata && { inputs: new Map(inputMetadata.map(({ name, shape = [] }) => [name, shape])) }),
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map(
        ([name, { values, shape }]) => [name, new Tensor('float32', values, shape)] as const,
      );
      const results = await session.run(Object.fromEntries(feeds)).catch((error: unknown) => {
        throw new EngineError(`ONNX Runtime cannot run the network: ${firstLine(error)}`);
      });
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

/** What an error of another program says first. */
export const firstLine = (error: unknown): string => messageOf(error).split('\n')[0] ?? '';
