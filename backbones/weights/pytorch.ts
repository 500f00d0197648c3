import { WeightsError } from '../../engine/errors.js';
import { type ByteReader, createByteReader } from './byteReader.js';
import { DECODERS, type Decoder, type HostTensors } from './hostTensor.js';
import { type PickleGlobal, type PickleHost, readPickle } from './pickle.js';
import { materialise, type StorageRef, type TensorRef, tensorRef } from './stridedTensor.js';
import { isZip, readZip } from './zip.js';

/** First pickle of the legacy format. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;
const PICKLE_START = 0x80;

/** PyTorch's storage classes -> element types. */
const STORAGES: ReadonlyMap<string, string> = new Map([
  ['FloatStorage', 'F32'],
  ['HalfStorage', 'F16'],
  ['BFloat16Storage', 'BF16'],
  ['DoubleStorage', 'F64'],
  ['LongStorage', 'I64'],
  ['IntStorage', 'I32'],
  ['ByteStorage', 'U8'],
]);

/**
 * Reads the tensors of a PyTorch state dict (`.pth`, `.pt`, `.bin`), of the zip format and of the older one without zip.
 * A checkpoint that keeps it under `state_dict` is read too. Nothing of the file is run; float16 and bfloat16 become float32.
 *
 * @throws WeightsError when the file is damaged or wants anything but tensors in dictionaries
 */
export function readPytorch(bytes: Uint8Array): HostTensors {
  const { value, storages } = isZip(bytes) ? readZipped(bytes) : readLegacy(bytes);
  const dictionary = stateDictOf(value);
  const tensors = [...dictionary].filter((entry): entry is [string, TensorRef] => isTensor(entry[1]));
  if (tensors.length === 0) throw new WeightsError('the file holds no tensors: save a state_dict, not a whole model');
  return materialise(tensors, storages, bytes.length);
}

interface Contents {
  readonly value: unknown;
  /** Bytes of the storages by key. */
  readonly storages: ReadonlyMap<string, Uint8Array>;
}

function readLegacy(bytes: Uint8Array): Contents {
  const reader = createByteReader(bytes);
  const refs = new Map<string, StorageRef>();
  const host = createHost(refs);
  if (bytes[0] !== PICKLE_START || readPickle(reader, host) !== LEGACY_MAGIC) {
    throw new WeightsError('not a PyTorch file: it starts with neither a zip archive nor the older format');
  }
  const protocol = readPickle(reader, host);
  if (protocol !== LEGACY_PROTOCOL)
    throw new WeightsError(`legacy PyTorch protocol ${protocol}: only 1001 can be read`);
  const system = readPickle(reader, host);
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw new WeightsError('the file was written on a big-endian machine: save it again on another');
  }
  const value = readPickle(reader, host);
  const keys = readPickle(reader, host);
  if (!Array.isArray(keys)) throw new WeightsError('the file is damaged: the list of storages is missing');
  return { value, storages: new Map(keys.map((key) => [String(key), legacyStorage(reader, refs.get(String(key)))])) };
}

/** Number of elements, then the elements. */
function legacyStorage(reader: ByteReader, ref: StorageRef | undefined): Uint8Array {
  const count = reader.size64();
  if (ref?.count !== count) {
    throw new WeightsError(
      `the file is damaged: a storage of ${count} values where ${ref?.count ?? 'none'} are expected`,
    );
  }
  return reader.bytes(count * ref.decoder.width);
}

function readZipped(bytes: Uint8Array): Contents {
  const entries = readZip(bytes);
  const pickle = entries.find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle) throw new WeightsError("the archive has no 'data.pkl': not a PyTorch file");
  const root = pickle.name.slice(0, -'data.pkl'.length);
  const files = new Map(entries.map((entry) => [entry.name, entry]));
  const packed = entries.find(({ name, method }) => name.startsWith(root) && method !== 'stored');
  if (packed) throw new WeightsError(`'${packed.name}' is compressed, which PyTorch never does: save the file again`);
  const order = files.get(`${root}byteorder`)?.stored;
  if (order && new TextDecoder().decode(order) !== 'little') {
    throw new WeightsError('the file was written on a big-endian machine: save it again on another');
  }
  const refs = new Map<string, StorageRef>();
  const value = readPickle(createByteReader(pickle.stored), createHost(refs));
  const storages = new Map<string, Uint8Array>();
  for (const [key, { count, decoder }] of refs) {
    const stored = files.get(`${root}data/${key}`)?.stored;
    if (stored?.length !== count * decoder.width) {
      throw new WeightsError(
        `storage ${key} has ${stored?.length ?? 'no'} bytes, ${count * decoder.width} are expected`,
      );
    }
    storages.set(key, stored);
  }
  return { value, storages };
}

/** The allow-list; storages met are noted in `refs`. */
function createHost(refs: Map<string, StorageRef>): PickleHost {
  const classes = new Map<PickleGlobal, Decoder>();
  const globals = new Map<string, PickleGlobal>();
  const allow = (name: string, construct?: (args: readonly unknown[]) => unknown): PickleGlobal => {
    const global = construct ? { name, construct } : { name };
    globals.set(name, global);
    return global;
  };
  allow('collections OrderedDict', (args) => {
    if (args.length > 0) throw new WeightsError('the file fills a dictionary in an unknown way: refused');
    return new Map();
  });
  allow('torch._utils _rebuild_tensor_v2', tensorRef);
  allow('torch._utils _rebuild_parameter', ([tensor]) => tensor);
  for (const [storage, dtype] of STORAGES) classes.set(allow(`torch ${storage}`), DECODERS.get(dtype) as Decoder);
  return { globals, persistent: (id) => storageRef(id, classes, refs) };
}

/** ('storage', class, key, device, number of values[, view]) */
function storageRef(
  id: unknown,
  classes: ReadonlyMap<PickleGlobal, Decoder>,
  refs: Map<string, StorageRef>,
): StorageRef {
  const [kind, storageClass, key, , count, view] = Array.isArray(id) ? id : [];
  const decoder = classes.get(storageClass as PickleGlobal);
  if (kind !== 'storage' || !decoder || typeof key !== 'string' || !Number.isSafeInteger(count) || count < 0) {
    throw new WeightsError('the file is damaged: a storage is described wrongly');
  }
  if (view !== null && view !== undefined)
    throw new WeightsError(`storage ${key} is a view of another: save the file again`);
  const known = refs.get(key);
  if (known && (known.count !== count || known.decoder !== decoder)) {
    throw new WeightsError(`the file is damaged: storage ${key} is described in two ways`);
  }
  const ref = known ?? { kind: 'storage', key, count, decoder };
  refs.set(key, ref);
  return ref;
}

function stateDictOf(value: unknown): ReadonlyMap<unknown, unknown> {
  if (!(value instanceof Map)) throw new WeightsError('the file holds no dictionary of tensors: save a state_dict');
  const inner = value.get('state_dict');
  return inner instanceof Map ? inner : value;
}

function isTensor(value: unknown): value is TensorRef {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tensor';
}
