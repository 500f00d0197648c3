/** Writes PyTorch files byte by byte, as its own writers do, for tests of the readers. */

const text = (value: string): number[] => [...new TextEncoder().encode(value)];
const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
export const global = (module: string, name: string): number[] => [0x63, ...text(`${module}\n${name}\n`)];
export const string = (value: string): number[] => [0x58, ...u32(text(value).length), ...text(value)];
export const integer = (value: number): number[] => [0x4a, ...u32(value)];
export const tuple = (...items: readonly (readonly number[])[]): number[] => [0x28, ...items.flat(), 0x74];
export const list = (...items: readonly (readonly number[])[]): number[] => [0x5d, 0x28, ...items.flat(), 0x65];
export const dictionary = (...items: readonly (readonly [readonly number[], readonly number[]])[]): number[] => [
  ...[0x7d, 0x28],
  ...items.flat(2),
  0x75,
];
export const call = (callee: readonly number[], ...args: readonly (readonly number[])[]): number[] => [
  ...[...callee, ...tuple(...args)],
  0x52,
];
export const pickle = (value: readonly number[]): number[] => [0x80, 2, ...value, 0x2e];

export interface StoredTensor {
  readonly name: string;
  readonly storage: string;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export interface Storage {
  readonly key: string;
  /** PyTorch class, e.g. FloatStorage. */
  readonly type: string;
  readonly count: number;
  readonly bytes: Uint8Array;
}

const integers = (values: readonly number[]): number[] => tuple(...values.map(integer));

/** The pickled state dict: an ordered dictionary of windows into storages. */
export function stateDict(tensors: readonly StoredTensor[], storages: readonly Storage[]): number[] {
  const items = tensors.map(({ name, storage, offset, shape, strides }) => {
    const { key, type, count } = storages.find((candidate) => candidate.key === storage) as Storage;
    const id = tuple(string('storage'), global('torch', type), string(key), string('cpu'), integer(count));
    const hooks = call(global('collections', 'OrderedDict'));
    const args = [[...id, 0x51], integer(offset), integers(shape), integers(strides), [0x89], hooks];
    return [string(name), call(global('torch._utils', '_rebuild_tensor_v2'), ...args)] as const;
  });
  return [...call(global('collections', 'OrderedDict')), 0x28, ...items.flat(2), 0x75];
}

/** The format before PyTorch 1.6: five pickles, then each storage's length and bytes. */
export function legacyFile(value: readonly number[], storages: readonly Storage[], view = false): Uint8Array {
  const magic = [0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
  const system = dictionary([string('little_endian'), [view ? 0x89 : 0x88]]);
  const keys = list(...storages.map(({ key }) => string(key)));
  const data = storages.flatMap(({ count, bytes }) => [...u32(count), ...u32(0), ...bytes]);
  return Uint8Array.from([...[magic, integer(1001), system, value, keys].flatMap(pickle), ...data]);
}

/** The format since PyTorch 1.6: an archive of stored files. */
export function zipFile(value: readonly number[], storages: readonly Storage[]): Uint8Array {
  return archive([
    { name: 'model/data.pkl', bytes: Uint8Array.from(pickle(value)) },
    { name: 'model/byteorder', bytes: Uint8Array.from(text('little')) },
    ...storages.map(({ key, bytes }) => ({ name: `model/data/${key}`, bytes })),
  ]);
}

function archive(files: readonly { readonly name: string; readonly bytes: Uint8Array }[]): Uint8Array {
  const u16 = (value: number): number[] => [value & 255, value >> 8];
  const local: number[] = [];
  const directory: number[] = [];
  for (const { name, bytes } of files) {
    const extra = [0x46, 0x42, 2, 0, 0x5a, 0x5a]; // PyTorch pads its files with an extra field
    const sizes = [...u32(0), ...u32(bytes.length), ...u32(bytes.length)];
    const head = [...u16(20), ...u16(0), ...u16(0), ...u32(0), ...sizes, ...u16(name.length)];
    directory.push(...u32(0x02014b50), ...u16(20), ...head, ...u16(0), ...u16(0), ...u16(0), ...u16(0), ...u32(0));
    directory.push(...u32(local.length), ...text(name));
    local.push(...u32(0x04034b50), ...head, ...u16(extra.length), ...text(name), ...extra, ...bytes);
  }
  const counts = [...u16(files.length), ...u16(files.length)];
  const end = [...u32(0x06054b50), ...u32(0), ...counts, ...u32(directory.length), ...u32(local.length), ...u16(0)];
  return Uint8Array.from([...local, ...directory, ...end]);
}
