import { EngineError } from '../errors.js';
import { type Api, loadApi, type Pointer, withoutNotices } from './api.js';
import type { LibraryFiles } from './library.js';
import { bytes, message, varint } from './protobuf.js';

/** The one TensorFlow of this process: its functions, its eager context and a status to call with. */
export interface Context {
  readonly api: Api;
  readonly eager: Pointer;
  readonly status: Pointer;
  readonly version: string;
  /** 'CPU' and 'GPU' device names as TensorFlow prints them. */
  readonly devices: readonly { readonly name: string; readonly type: string }[];
  /** Threads inside one op; 0 = TensorFlow's own choice (all cores). */
  readonly threads: number;
  /** The serialized ConfigProto the context was opened with. */
  readonly config: Uint8Array;
  /** Throws what the last call left in `status`, saying what was tried. */
  check(doing: string): void;
}

/** Raised by TensorFlow itself; the message is its own, after what was tried. */
export class TensorFlowError extends Error {
  override readonly name = 'TensorFlowError';
}

let opened: Context | null = null;

/** The context, once opened. */
export function currentContext(): Context {
  if (!opened)
    throw new EngineError("the tensorflow engine is not open: call `await ready({ engine: 'tensorflow' })` first");
  return opened;
}

/** Loads the library and opens its context, once a process. */
export function openContext(files: LibraryFiles, threads = 0): Context {
  opened ??= withoutNotices(() => open(files, threads));
  return opened;
}

function open(files: LibraryFiles, threads: number): Context {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  const api = loadApi(files);
  const status = api.TF_NewStatus();
  const check = (doing: string): void => {
    if (api.TF_GetCode(status) !== 0) throw new TensorFlowError(`${doing}: ${api.TF_Message(status)}`);
  };
  const options = api.TFE_NewContextOptions();
  const config = sessionConfig(threads);
  api.TFE_ContextOptionsSetConfig(options, config, config.length, status);
  check('configuring TensorFlow');
  const eager = api.TFE_NewContext(options, status);
  check('opening TensorFlow');
  api.TFE_DeleteContextOptions(options);
  const devices = listDevices(api, eager, status);
  return { api, eager, status, version: api.TF_Version(), devices, threads, config, check };
}

/** ConfigProto: intra_op_parallelism_threads = 2, inter_op_parallelism_threads = 5, gpu_options = 6 { allow_growth = 4 }. */
function sessionConfig(threads: number): Uint8Array {
  const parallelism = threads > 0 ? [varint(2, threads), varint(5, threads)] : [];
  return message(...parallelism, bytes(6, message(varint(4, 1))));
}

function listDevices(api: Api, eager: Pointer, status: Pointer): Context['devices'] {
  const list = api.TFE_ContextListDevices(eager, status);
  const devices = Array.from({ length: api.TF_DeviceListCount(list) }, (_, i) => ({
    name: api.TF_DeviceListName(list, i, status),
    type: api.TF_DeviceListType(list, i, status),
  }));
  api.TF_DeleteDeviceList(list);
  return devices;
}
