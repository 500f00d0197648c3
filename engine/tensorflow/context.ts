import { availableParallelism } from 'node:os';
import type { Cluster } from '../collective.js';
import { EngineError } from '../errors.js';
import { refuseRelativeSearchPaths } from '../host/environment.js';
import { type Api, loadApi, OLDEST, type Pointer, withoutNotices } from './binding/api.js';
import { bytes, message, varint } from './binding/protobuf.js';
import { joinCluster, leaderConfig } from './collective.js';
import { cudaDevices, loadCuda, nameDeviceCompiler } from './runtime/cuda.js';
import type { LibraryFiles } from './runtime/library.js';

/** The one TensorFlow of this process: its functions, its eager context and a status to call with. */
export interface Context extends ThreadCounts {
  readonly api: Api;
  readonly eager: Pointer;
  readonly status: Pointer;
  readonly version: string;
  /** 'CPU' and 'GPU' device names as TensorFlow prints them. */
  readonly devices: readonly { readonly name: string; readonly type: string }[];
  /** The serialized ConfigProto the context was opened with. */
  readonly config: Uint8Array;
  /** Throws what the last call left in `status`, saying what was tried. */
  check(doing: string): void;
  /** What was joined when it opened. */
  readonly cluster: Cluster | null;
}

/** Raised by TensorFlow itself; the message is its own, after what was tried. */
export class TensorFlowError extends Error {
  override readonly name = 'TensorFlowError';
}

let opened: Context | null = null;

/** Whether this process has its context. */
export const isOpen = (): boolean => opened !== null;

/** The context, once opened. */
export function currentContext(): Context {
  if (!opened)
    throw new EngineError("the tensorflow engine is not open: call `await ready({ engine: 'tensorflow' })` first");
  return opened;
}

/** What is fixed when the context opens. */
export interface ContextOptions extends Partial<ThreadCounts> {
  /** 'gpu' is an error without one, 'cpu' leaves it alone. Defaults to a GPU where the library has CUDA, which then needs one. */
  readonly device?: 'cpu' | 'gpu';
  /** Processes to compute with. */
  readonly cluster?: Cluster;
}

/** Fixed when the context opens; 0: TensorFlow's own choice, all cores. */
export interface ThreadCounts {
  /** Inside one op. */
  readonly threads: number;
  /** Ops at the same time. */
  readonly interOpThreads: number;
}

/**
 * Loads the library and opens its context, once a process.
 *
 * @throws EngineError when it is open with other thread counts, and when the library cannot be used
 * @throws ConfigError where libraries could come from the working folder
 */
export function openContext(files: LibraryFiles, wanted: ContextOptions = {}): Context {
  if (opened) requireSame(opened, wanted);
  opened ??= withoutNotices(() => open(files, wanted));
  return opened;
}

function requireSame(context: Context, wanted: ContextOptions): void {
  if (wanted.cluster && context.cluster !== wanted.cluster) {
    throw new EngineError('TensorFlow is open without this cluster: give ready() the cluster at its first call');
  }
  for (const name of ['threads', 'interOpThreads'] as const) {
    const [count, open] = [wanted[name], context[name] || availableParallelism()];
    if (count === undefined || count === open) continue;
    throw new EngineError(
      `${name} is ${count}, but TensorFlow is open with ${open}, and a process opens it once: give ready() the number at its first call`,
    );
  }
}

function open(files: LibraryFiles, wanted: ContextOptions): Context {
  const { threads = 0, interOpThreads = threads, device = files.cuda ? 'gpu' : undefined, cluster = null } = wanted;
  refuseRelativeSearchPaths();
  nameDeviceCompiler(files);
  process.env.TF_CPP_MIN_LOG_LEVEL ??= wanted.cluster ? '3' : '2'; // a peer that ends is reported in one sentence, not in pages
  if (files.cuda && device === 'gpu') loadCuda(files.cuda);
  const api = loadApi(files);
  const version = requireVersion(api.TF_Version(), files);
  const status = api.TF_NewStatus();
  const check = (doing: string): void => {
    if (api.TF_GetCode(status) !== 0) throw new TensorFlowError(`${doing}: ${api.TF_Message(status)}`);
  };
  const options = api.TFE_NewContextOptions();
  const own = sessionConfig({ threads, interOpThreads, device });
  const config = cluster ? message(own, leaderConfig()) : own;
  api.TFE_ContextOptionsSetConfig(options, config, config.length, status);
  check('configuring TensorFlow');
  const eager = api.TFE_NewContext(options, status);
  api.TFE_DeleteContextOptions(options);
  check('opening TensorFlow');
  if (cluster) joinCluster({ api, eager, status, check }, cluster, config); // before the first tensor: it brings devices of its own
  const devices = listDevices(api, eager, status);
  if (device === 'gpu') requireGpu(devices, files);
  return { api, eager, status, version, devices, threads, interOpThreads, config, check, cluster };
}

/** @throws EngineError for a TensorFlow that is too old */
export function requireVersion(version: string, files: LibraryFiles): string {
  const numbers = (text: string): readonly number[] => text.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const [[major = 0, minor = 0], [oldMajor = 0, oldMinor = 0]] = [numbers(version), numbers(OLDEST)];
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return version;
  throw new EngineError(
    `${files.library} (${files.origin}) is TensorFlow ${version}, ${OLDEST} or newer is needed: name another in ESPALIER_TENSORFLOW, or run 'espalier runtime install'`,
  );
}

/**
 * ConfigProto: device_count = 1 { key = 1, value = 2 }, intra_op_parallelism_threads = 2, inter_op_parallelism_threads = 5,
 * gpu_options = 6 { allow_growth = 4 }: memory of a GPU is taken as it is needed; graph_options = 10 { rewrite_options = 10
 * { arithmetic_optimization = 7 } } off (2): it joins additions into AddN, which adds in the order in which its inputs' memory
 * becomes free, other last bits from one run to the next; experimental = 16 { disable_thread_spinning = 9 }: idle threads sleep,
 * and leave the cores to those that load data.
 */
export function sessionConfig({
  threads,
  interOpThreads,
  device,
}: ThreadCounts & { device?: ContextOptions['device'] | undefined }): Uint8Array {
  const fields = [
    ...(device === 'cpu' ? [bytes(1, message(bytes(1, 'GPU'), varint(2, 0)))] : []),
    ...(threads > 0 ? [varint(2, threads)] : []),
    ...(interOpThreads > 0 ? [varint(5, interOpThreads)] : []),
  ];
  const rewriting = bytes(10, message(bytes(10, message(varint(7, 2)))));
  return message(...fields, bytes(6, message(varint(4, 1))), rewriting, bytes(16, message(varint(9, 1))));
}

/** @throws EngineError when the list has no GPU, with the reason that can be found: a CPU that stands in silently costs days */
export function requireGpu(devices: Context['devices'], files: LibraryFiles): void {
  if (devices.some(({ type }) => type === 'GPU')) return;
  const { reason } = cudaDevices();
  const because = reason ?? 'TensorFlow lists none, although the driver does; ESPALIER_DEBUG=1 shows its messages';
  throw new EngineError(
    `no GPU can be used by ${files.library} (${files.origin}): ${because}; or compute on the CPU: ready({ device: 'cpu' })`,
  );
}

/** What computes: `GPU:0` with its model where there is one, else `CPU`. */
export function deviceOf({ devices }: Pick<Context, 'devices'>): string {
  const gpus = devices.filter(({ type }) => type === 'GPU').map(({ name }) => name.replace(/^.*device:/, ''));
  if (gpus.length === 0) return 'CPU';
  const { names } = cudaDevices();
  return gpus.map((gpu, i) => [gpu, names[i]].filter(Boolean).join(' ')).join(', ');
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
