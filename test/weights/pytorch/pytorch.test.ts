import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../engine/random.js';
import { readPytorch } from '../../../weights/pytorch/pytorch.js';
import * as write from './pickleWriter.js';

const floats: write.Storage = {
  key: '94',
  type: 'FloatStorage',
  count: 6,
  bytes: new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer),
};
const longs: write.Storage = {
  key: '95',
  type: 'LongStorage',
  count: 1,
  bytes: new Uint8Array(BigInt64Array.of(-7n).buffer),
};
const halves: write.Storage = {
  key: '96',
  type: 'HalfStorage',
  count: 3,
  bytes: new Uint8Array(Uint16Array.of(0x3c00, 0xc100, 0x0001).buffer),
};
const brains: write.Storage = {
  key: '97',
  type: 'BFloat16Storage',
  count: 2,
  bytes: new Uint8Array(Uint16Array.of(0x3fc0, 0xc000).buffer),
};
const STORAGES = [floats, longs, halves, brains];
const TENSORS: readonly write.StoredTensor[] = [
  { name: 'row.weight', storage: '94', offset: 0, shape: [2, 3], strides: [3, 1] },
  { name: 'turned.weight', storage: '94', offset: 0, shape: [3, 2], strides: [1, 3] },
  { name: 'tail', storage: '94', offset: 4, shape: [2], strides: [1] },
  { name: 'one', storage: '94', offset: 5, shape: [1, 1], strides: [999, 999] },
  { name: 'bn.num_batches_tracked', storage: '95', offset: 0, shape: [], strides: [] },
  { name: 'half', storage: '96', offset: 0, shape: [3], strides: [1] },
  { name: 'brain', storage: '97', offset: 0, shape: [2], strides: [1] },
];
const FORMATS = [
  ['the older format', write.legacyFile],
  ['the zip format', write.zipFile],
] as const;

describe.each(FORMATS)('%s of PyTorch', (_, file) => {
  const read = (value: readonly number[], storages: readonly write.Storage[] = STORAGES) =>
    readPytorch(file(value, storages));
  const readTensor = (tensor: Partial<write.StoredTensor>) =>
    read(write.stateDict([{ name: 't', storage: '94', offset: 0, shape: [6], strides: [1], ...tensor }], STORAGES));

  it('gives every window into its storages, row-major and widened', () => {
    const tensors = read(write.stateDict(TENSORS, STORAGES));
    const plain = Object.fromEntries([...tensors].map(([name, { shape, data }]) => [name, [shape, [...data]]]));
    expect(plain).toEqual({
      'row.weight': [
        [2, 3],
        [1, 2, 3, 4, 5, 6],
      ],
      'turned.weight': [
        [3, 2],
        [1, 4, 2, 5, 3, 6],
      ],
      tail: [[2], [5, 6]],
      one: [[1, 1], [6]],
      'bn.num_batches_tracked': [[], [-7n]],
      half: [[3], [1, -2.5, 2 ** -24]],
      brain: [[2], [1.5, -2]],
    });
    expect([tensors.get('half')?.dtype, tensors.get('bn.num_batches_tracked')?.dtype]).toEqual(['F32', 'I64']);
  });

  it('reads a Buffer that is a window of a larger one as it reads an array', () => {
    const bytes = file(write.stateDict(TENSORS, STORAGES), STORAGES);
    const padded = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
    expect(readPytorch(padded)).toEqual(readPytorch(bytes));
  });

  it('finds the state dict of a checkpoint and leaves its other entries out', () => {
    const inner = write.stateDict(TENSORS, STORAGES);
    const value = write.dictionary([write.string('epoch'), write.integer(3)], [write.string('state_dict'), inner]);
    expect([...read(value).keys()]).toEqual(TENSORS.map(({ name }) => name));
  });

  it.each([
    ['os', 'system'],
    ['builtins', 'eval'],
    ['torch.nn.modules.conv', 'Conv2d'],
    ['collections', 'defaultdict'],
  ])('refuses to load %s.%s, by name', (module, name) => {
    const value = write.call(write.global(module, name), write.string('id'));
    expect(() => read(value)).toThrow(
      `the file wants to load '${module}.${name}', which a state dict does not need: refused`,
    );
  });

  it('refuses to call what only has a name, and what is not a global', () => {
    expect(() => read(write.call(write.global('torch', 'FloatStorage')))).toThrow('calls what is not a function');
    expect(() => read(write.call(write.string('OrderedDict')))).toThrow('calls what is not a function');
  });

  it.each([
    ['past the end of its storage', { offset: 1 }],
    ['with strides past the end', { shape: [2, 3], strides: [4, 1] }],
    ['expanded beyond its storage', { shape: [1000, 1000, 1000], strides: [0, 0, 0] }],
    ['of huge sizes', { shape: [2147483647, 2147483647], strides: [1, 1] }],
    ['with a negative size', { shape: [-1], strides: [1] }],
    ['with fewer strides than sizes', { shape: [2, 3], strides: [1] }],
  ])('refuses a tensor %s', (_name, tensor) => {
    expect(() => readTensor(tensor)).toThrow(/damaged: a tensor/);
  });

  it('refuses a storage shorter than its description', () => {
    const short = [{ ...floats, bytes: floats.bytes.subarray(0, 20) }];
    expect(() => read(write.stateDict(TENSORS.slice(0, 1), [floats]), short)).toThrow(
      /cut off|20 bytes, 24 are expected/,
    );
  });

  it('refuses a whole model and a file without tensors', () => {
    expect(() => read(write.list(write.integer(1)), [])).toThrow('save a state_dict');
    expect(() => read(write.dictionary(), [])).toThrow('save a state_dict, not a whole model');
  });

  it('gives an error of its own for every truncation and for random damage', () => {
    const bytes = file(write.stateDict(TENSORS, STORAGES), STORAGES);
    for (let length = 0; length < bytes.length; length += 7) expectOwnError(bytes.subarray(0, length));
    const random = createRandom([3]);
    for (let i = 0; i < 500; i++) {
      const damaged = bytes.slice();
      for (let j = 0; j < 3; j++) damaged[random.integer(bytes.length)] = random.integer(256);
      expectOwnError(damaged);
    }
  });
});

describe('what is not a PyTorch file', () => {
  it.each([
    ['nothing', new Uint8Array()],
    ['a plain pickle', Uint8Array.from(write.pickle(write.integer(1)))],
    ['text', new TextEncoder().encode('hello, this is not a checkpoint')],
  ])('is refused: %s', (_, bytes) => {
    expect(() => readPytorch(bytes)).toThrow('not a PyTorch file');
  });

  it('is refused when it was written on a big-endian machine', () => {
    expect(() => readPytorch(write.legacyFile(write.dictionary(), [], true))).toThrow('big-endian');
  });

  it('is refused when it nests without end', () => {
    const bytes = write.legacyFile(new Array(5000).fill(0x28), []);
    expect(() => readPytorch(bytes)).toThrow('nests deeper than 1000');
  });
});

/** Either it still reads, or it fails with a WeightsError: never another exception. */
function expectOwnError(bytes: Uint8Array): void {
  try {
    readPytorch(bytes);
  } catch (error) {
    expect((error as Error).name).toBe('WeightsError');
  }
}
