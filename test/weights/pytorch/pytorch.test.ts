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
    ['numpy._core.multiarray', '_reconstruct'],
    ['pytorch_lightning.utilities.parsing', 'AttributeDict'],
    ['mmengine.logging.history_buffer', 'HistoryBuffer'],
    ['datetime', 'datetime'],
  ])(
    'leaves an object of %s.%s beside the tensors alone: with items, a state, or called by another',
    (module, name) => {
      const object = write.call(write.global(module, name), write.string('id'));
      const items = [0x28, ...write.string('a'), ...write.integer(1), 0x75];
      const state = [...write.dictionary([write.string('b'), write.integer(2)]), 0x62];
      const value = write.dictionary(
        [write.string('other'), [...object, ...items, ...state]],
        [write.string('made'), write.call(object, write.integer(3))],
        [write.string('model'), write.stateDict(TENSORS, STORAGES)],
        [object, write.integer(4)],
      );
      expect([...read(value).keys()]).toEqual(TENSORS.map(({ name }) => name));
    },
  );

  it('reads dictionaries that count their keys, and those of Python 2', () => {
    const inner = write.stateDict(TENSORS, STORAGES);
    const pairs = write.list(write.list(write.string('state_dict'), inner));
    expect([...read(write.call(write.global('collections', 'OrderedDict'), pairs)).keys()]).toHaveLength(7);
    const counting = write.call(write.global('collections', 'defaultdict'), write.global('builtins', 'int'));
    const items = [0x28, ...write.string('state_dict'), ...inner, 0x75];
    expect([...read([...counting, ...items]).keys()]).toHaveLength(7);
  });

  /** A module as Python pickles it: an object whose state lists parameters, buffers and modules. */
  const moduleOf = (
    parameters: readonly number[],
    modules: readonly (readonly [string, readonly number[]])[] = [],
    buffers: readonly number[] = write.dictionary(),
  ): number[] => [
    ...write.call(write.global('torch.nn.modules.module', 'Module')),
    ...write.dictionary(
      [write.string('training'), [0x89]],
      [write.string('_parameters'), parameters],
      [write.string('_buffers'), buffers],
      [write.string('_non_persistent_buffers_set'), write.list(write.string('half'))],
      [write.string('_modules'), write.dictionary(...modules.map(([name, m]) => [write.string(name), m] as const))],
    ),
    0x62,
  ];

  it('reads a whole pickled model: parameters and the buffers that a state dict keeps, of all modules', () => {
    const [row, half, tail] = ['row.weight', 'half', 'tail'].map((name) =>
      write.stateDict(
        TENSORS.filter((tensor) => tensor.name === name),
        STORAGES,
      ),
    ) as [number[], number[], number[]];
    const model = moduleOf(row, [['head', moduleOf(tail, [], half)]]);
    expect([...read(model, [floats, halves]).keys()]).toEqual(['row.weight', 'head.tail']);
    const trained = write.dictionary([write.string('epoch'), write.integer(3)], [write.string('model'), model]);
    expect([...read(trained, [floats, halves]).keys()]).toEqual(['row.weight', 'head.tail']);
  });

  it('reads a dictionary for each part of a network under its key, but no optimizer', () => {
    const inner = write.stateDict(TENSORS.slice(0, 1), STORAGES);
    const value = write.dictionary(
      ...['encoder', 'optimizer', 'head'].map((key) => [write.string(key), inner] as const),
    );
    expect([...read(value, [floats]).keys()]).toEqual(['encoder.row.weight', 'head.row.weight']);
  });

  it('refuses a model whose modules hold each other without end', () => {
    const itself = [...write.call(write.global('x', 'M')), 0x71, 1];
    const state = write.dictionary([write.string('inner'), [0x68, 1]], [write.string('other'), [0x68, 1]]);
    expect(() => read([...itself, ...state, 0x62], [])).toThrow(/nests deeper than 64: refused/);
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

  it('refuses a file without tensors', () => {
    expect(() => read(write.list(write.integer(1)), [])).toThrow('save a state_dict');
    expect(() => read(write.dictionary(), [])).toThrow('the file holds no tensors: save a state_dict');
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
