import { WeightsError } from '../../engine/errors.js';
import { type ByteReader, createByteReader } from '../bytes/byteReader.js';
import { type ByteSource, memorySource, windowSource } from '../bytes/byteSource.js';
import { isZip, readZip, type ZipEntry } from '../bytes/zip.js';
import type { HostTensors } from '../hostTensor.js';
import { lazyTensors, type StorageRef } from '../stridedTensor.js';
import { readAll, type WeightsFile } from '../weightsFile.js';
import { type CheckpointPart, findStateDict } from './checkpointParts.js';
import { stateDictHost } from './globals.js';
import { readPickle } from './pickle.js';

/** First pickle of the older format. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_START = Uint8Array.of(0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46);
const LEGACY_PROTOCOL = 1001;
/** Most bytes of the pickled part: names and shapes of a large network take a few MB. */
const MAX_PICKLE_BYTES = 64 * 1024 * 1024;

export interface PytorchOptions {
  /** Which weights of a checkpoint with two sets: those trained, or their running average. Default: the average if there. */
  readonly part?: CheckpointPart;
}

/** `readAll` of `openPytorch`, for a file in memory. */
export function readPytorch(bytes: Uint8Array, options: PytorchOptions = {}): HostTensors {
  return readAll(openPytorch(memorySource(bytes), options));
}

/**
 * Opens a PyTorch state dict (`.pth`, `.pt`, `.ckpt`, `.bin`) of the zip format or of the older one: a file's own, one that
 * a checkpoint keeps under a usual key, or the parameters and buffers of a whole pickled model or a TorchScript archive.
 * What else a file holds (arguments, histories, random states) is left alone and nothing of it is run; float16 and
 * bfloat16 become float32.
 *
 * @throws WeightsError when the file is damaged or holds no tensors
 */
export function openPytorch(source: ByteSource, { part }: PytorchOptions = {}): WeightsFile {
  const { value, storages } = isZip(source) ? readZipped(source) : readLegacy(source);
  const { tensors, metadata } = findStateDict(value, part ?? null);
  return { format: 'pytorch', tensors: lazyTensors(tensors, storages, source.size), metadata };
}

export function isLegacyPytorch(source: ByteSource): boolean {
  const start = source.view(0, Math.min(source.size, LEGACY_START.length));
  return LEGACY_START.every((byte, i) => start[i] === byte);
}

interface Contents {
  readonly value: unknown;
  /** Bytes of the storages by key. */
  readonly storages: ReadonlyMap<string, ByteSource>;
}

function readLegacy(source: ByteSource): Contents {
  if (!isLegacyPytorch(source))
    throw new WeightsError('not a PyTorch file: it starts with neither a zip archive nor the older format');
  const reader = createByteReader(source);
  const refs = new Map<string, StorageRef>();
  const host = stateDictHost(refs);
  if (readPickle(reader, host) !== LEGACY_MAGIC)
    throw new WeightsError('not a PyTorch file: its first number is another');
  const protocol = readPickle(reader, host);
  if (protocol !== LEGACY_PROTOCOL)
    throw new WeightsError(`legacy PyTorch protocol ${String(protocol)}: only 1001 can be read`);
  const system = readPickle(reader, host);
  if (!(system instanceof Map) || system.get('little_endian') !== true) {
    throw new WeightsError('the file was written on a big-endian machine: save it again on another');
  }
  const value = readPickle(reader, host);
  const keys = readPickle(reader, host);
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string'))
    throw new WeightsError('the file is damaged: the list of storages is missing');
  return { value, storages: new Map(keys.map((key) => [key, legacyStorage(source, reader, refs.get(key))])) };
}

/** Number of elements, then the elements. */
function legacyStorage(source: ByteSource, reader: ByteReader, ref: StorageRef | undefined): ByteSource {
  const count = reader.size64();
  const width = ref?.element?.width ?? 1;
  if (ref?.size !== count * width) {
    throw new WeightsError(
      `the file is damaged: a storage of ${count} values where ${ref ? ref.size / width : 'none'} are expected`,
    );
  }
  const start = reader.position;
  reader.skip(ref.size);
  return windowSource(source, start, ref.size);
}

function readZipped(source: ByteSource): Contents {
  const entries = readZip(source);
  const pickle = entries.find(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (!pickle) throw new WeightsError("the archive has no 'data.pkl': not a PyTorch file");
  if (pickle.size > MAX_PICKLE_BYTES)
    throw new WeightsError(`'data.pkl' has ${pickle.size} bytes, at most ${MAX_PICKLE_BYTES} are read: refused`);
  const root = pickle.name.slice(0, -'data.pkl'.length);
  const files = new Map(entries.map((entry) => [entry.name, entry]));
  // TorchScript packs its program, never the tensors.
  const packed = entries.find(({ name, method }) => name.startsWith(`${root}data`) && method !== 'stored');
  if (packed) throw new WeightsError(`'${packed.name}' is compressed, which PyTorch never does: save the file again`);
  const orderFile = files.get(`${root}byteorder`);
  const order = orderFile && openStored(orderFile);
  if (order && new TextDecoder().decode(order.view(0, Math.min(order.size, 16))) !== 'little') {
    throw new WeightsError('the file was written on a big-endian machine: save it again on another');
  }
  const refs = new Map<string, StorageRef>();
  const value = readPickle(createByteReader(openStored(pickle)), stateDictHost(refs));
  const storages = new Map<string, ByteSource>();
  for (const [key, { size }] of refs) {
    const file = files.get(`${root}data/${key}`);
    const stored = file && openStored(file);
    if (stored?.size !== size) {
      throw new WeightsError(`storage ${key} has ${stored?.size ?? 'no'} bytes, ${size} are expected`);
    }
    storages.set(key, stored);
  }
  return { value, storages };
}

/** A checksum of 0 stands where PyTorch was told to compute none (`set_crc32_options`). */
const openStored = (entry: ZipEntry): ByteSource =>
  entry.crc === 0 && entry.method === 'stored' ? entry.packed() : entry.open();
