import { EngineError } from '../errors.js';
import { type Api, DataType, type GraphOutput, type Pointer } from './binding/api.js';
import { type Context, openContext, TensorFlowError } from './context.js';
import { findLibrary } from './runtime/library.js';

/** A float32 tensor on the host. */
interface HostTensor {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}
type HostTensors = { readonly [name: string]: HostTensor };

/** A SavedModel that TensorFlow holds. */
export interface SavedModelSession {
  /** @param inputs by the names of their placeholders */
  run(inputs: HostTensors): Promise<HostTensors>;
  dispose(): Promise<void>;
}

/**
 * Opens the SavedModel of a folder with the TensorFlow library of this process, which needs no engine to be open. It runs away from the event loop.
 *
 * @param outputs names of the ops whose first outputs are answered, float32
 * @throws EngineError when there is no library, or no such op
 * @throws TensorFlowError when TensorFlow refuses the model
 */
export function openSavedModel(folder: string, outputs: readonly string[]): SavedModelSession {
  const files = findLibrary();
  if (!files) throw new EngineError("a SavedModel needs TensorFlow's library: run 'espalier runtime install'");
  const context = openContext(files);
  const { api, config } = context;
  const status = api.TF_NewStatus();
  const check = (doing: string): void => {
    if (api.TF_GetCode(status) !== 0) throw new TensorFlowError(`${doing}: ${api.TF_Message(status)}`);
  };
  const graph = api.TF_NewGraph();
  const options = api.TF_NewSessionOptions();
  api.TF_SetConfig(options, config, config.length, status);
  const session = api.TF_LoadSessionFromSavedModel(options, null, folder, ['serve'], 1, graph, null, status);
  api.TF_DeleteSessionOptions(options);
  check(`opening ${folder}`);
  const opOf = (name: string): GraphOutput => {
    const oper = api.TF_GraphOperationByName(graph, name);
    if (!oper) throw new EngineError(`${folder} has no op '${name}'`);
    return { oper, index: 0 };
  };
  const ends = outputs.map(opOf);
  let isOpen = true;
  return {
    run: async (inputs) => {
      if (!isOpen) throw new EngineError(`${folder} has been closed: open it again`);
      const names = Object.keys(inputs);
      const given = BigUint64Array.from(names, (name) => tensorOf(context, inputs[name] as HostTensor));
      const found = new BigUint64Array(ends.length);
      try {
        await new Promise<void>((resolve, reject) => {
          const feeds = [names.map(opOf), given, names.length] as const;
          const done = (error: Error | null): void => (error ? reject(error) : resolve());
          api.TF_SessionRun.async(...[session, null, ...feeds, ends, found, ends.length, null, 0, null, status], done);
        });
        check(`running ${folder}`);
        return Object.fromEntries(outputs.map((name, i) => [name, valuesOf(api, found[i] ?? 0n)]));
      } finally {
        for (const tensor of [...given, ...found]) if (tensor) api.TF_DeleteTensor(tensor);
      }
    },
    dispose: async () => {
      if (!isOpen) return;
      isOpen = false;
      api.TF_CloseSession(session, status);
      api.TF_DeleteSession(session, status);
      api.TF_DeleteGraph(graph);
      api.TF_DeleteStatus(status);
    },
  };
}

function tensorOf({ api }: Context, { values, shape }: HostTensor): Pointer {
  const count = shape.reduce((product, side) => product * side, 1);
  if (count !== values.length) throw new EngineError(`${values.length} values for a tensor [${shape}]`);
  const tensor = api.TF_AllocateTensor(DataType.float, [...shape], shape.length, values.byteLength);
  api.copyIn(api.TF_TensorData(tensor), values, values.byteLength);
  return tensor;
}

function valuesOf(api: Api, tensor: Pointer): HostTensor {
  const shape = Array.from({ length: api.TF_NumDims(tensor) }, (_, i) => Number(api.TF_Dim(tensor, i)));
  const values = new Float32Array(shape.reduce((product, side) => product * side, 1));
  const size = Number(api.TF_TensorByteSize(tensor));
  if (size !== values.byteLength) throw new EngineError(`an output [${shape}] of ${size} bytes is not float32`);
  api.copyOut(values, api.TF_TensorData(tensor), values.byteLength);
  return { values, shape };
}
