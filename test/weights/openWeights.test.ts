import { describe, expect, it } from 'vitest';
import { memorySource } from '../../weights/bytes/byteSource.js';
import { reusedMemory } from '../../weights/hostMemory.js';
import type { HostTensor } from '../../weights/hostTensor.js';
import { writeNpz } from '../../weights/npz.js';
import { openWeights } from '../../weights/openWeights.js';
import { type LazyTensor, readAll } from '../../weights/weightsFile.js';
import { SEED_NAMES, seedBytes, seeds } from './seedFiles.js';

function described({ shape, data }: HostTensor): [readonly number[], number, number] {
  let [sum, weighted] = [0, 0];
  for (const [i, value] of data.entries()) {
    sum += Number(value);
    weighted += (i + 1) * Number(value);
  }
  return [shape, sum, weighted];
}

const FORMATS: Readonly<Record<string, string>> = {
  pth: 'pytorch',
  safetensors: 'safetensors',
  npz: 'npz',
  npy: 'npy',
  keras: 'keras',
  h5: 'keras',
  tflite: 'tflite',
  onnx: 'onnx',
};

describe('files of the libraries that own the formats', () => {
  it.each(SEED_NAMES)('%s: every tensor as the library itself reads it, whatever the file is called', (name) => {
    const file = openWeights(seedBytes(name));
    expect(file.format).toBe(FORMATS[name.split('.').at(-1) ?? '']);
    const expected = seeds.files[name]?.tensors ?? {};
    for (const [tensor, [shape, sum, weighted]] of Object.entries(expected)) {
      const found = file.tensors.get(tensor);
      expect(found, `${name} ${tensor}`).toBeDefined();
      const [ownShape, ownSum, ownWeighted] = described((found as NonNullable<typeof found>).read());
      expect(ownShape, tensor).toEqual(shape);
      const tolerance = 1e-5 * Math.max(1, Math.abs(weighted)); // float32 scales of quantised values
      expect(Math.abs(ownSum - sum), `sum of ${tensor}`).toBeLessThan(tolerance);
      expect(Math.abs(ownWeighted - weighted), `weighted sum of ${tensor}`).toBeLessThan(tolerance);
    }
    if (file.format !== 'tflite') expect([...file.tensors.keys()].sort()).toEqual(Object.keys(expected).sort());
    for (const [tensor, { shape, dtype, read }] of file.tensors) {
      const { data, ...rest } = read();
      expect({ shape, dtype }, tensor).toEqual(rest);
      expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
    }
  });

  it('reads a tensor anew each time, so that a caller may change what it got', () => {
    const tensor = openWeights(seedBytes('plain.pth')).tensors.get('conv.row') as LazyTensor;
    const first = tensor.read().data as Float32Array;
    const before = first[0];
    first.fill(7);
    expect(tensor.read().data[0]).toBe(before);
  });

  it.each(SEED_NAMES)('%s: every tensor in memory that is used again equals the one in its own', (name) => {
    const memory = reusedMemory();
    for (const [tensor, { read }] of openWeights(seedBytes(name)).tensors) {
      expect(read(memory), tensor).toEqual(read());
    }
  });

  it.each(['plain.safetensors', 'plain.pth', 'legacy.pth'])(
    '%s takes no second buffer when memory is given',
    (name) => {
      const memory = reusedMemory();
      const buffer = memory(4096);
      const { tensors } = openWeights(seedBytes(name));
      const read = [...tensors].map(([tensor, { read }]) => [tensor, read(memory).data.buffer === buffer] as const);
      expect(read.filter(([, isReused]) => !isReused).map(([tensor]) => tensor)).toEqual(
        tensors.has('conv.turned') && name !== 'plain.safetensors' ? ['conv.turned'] : [], // strides are walked over
      );
      expect(read.map(([tensor]) => tensor)).toEqual(expect.arrayContaining(['conv.weight', 'half', 'brain', 'long']));
    },
  );

  it('of a checkpoint gives the running average, or the trained weights when asked', () => {
    const bytes = seedBytes('checkpoint.pth');
    const [average, trained] = [openWeights(bytes), openWeights(bytes, { part: 'trained' })];
    expect(average.metadata).toEqual({ epoch: '3', part: 'average', parts: 'trained,average' });
    expect(trained.metadata.part).toBe('trained');
    const scalarOf = (file: typeof average) => Number(file.tensors.get('module.scalar')?.read().data[0]);
    expect([scalarOf(trained), scalarOf(average)]).toEqual([3.5, 4.5]);
    expect(() => openWeights(seedBytes('plain.pth'), { part: 'average' })).toThrow(/no average weights/);
  });

  it('gives the texts that travel with the weights', () => {
    expect(openWeights(seedBytes('plain.safetensors')).metadata).toEqual({ licence: 'MIT' });
    expect(openWeights(seedBytes('model.onnx')).metadata).toEqual({ producer: 'seeds', licence: 'MIT' });
    expect(openWeights(seedBytes('model.h5')).metadata.backend).toBe('tensorflow');
  });

  it('lists the layers of a TFLite graph in the order of computing', () => {
    const { layers, tensors } = openWeights(seedBytes('float.tflite'));
    expect(layers?.map(({ kind }) => kind)).toEqual(['convolution', 'depthwise', 'depthwise', 'convolution', 'dense']);
    for (const { weight } of layers ?? []) expect(tensors.has(weight)).toBe(true);
  });
});

describe('TensorFlow.js weights', () => {
  const manifest = (weights: readonly object[], paths = ['a.bin', 'b.bin']) =>
    new TextEncoder().encode(
      JSON.stringify({ format: 'layers-model', modelTopology: {}, weightsManifest: [{ paths, weights }] }),
    );
  const open = (weights: readonly object[], shards: readonly Uint8Array[], paths?: string[]) => {
    const files = new Map(shards.map((bytes, i) => [['a.bin', 'b.bin'][i] ?? '', bytes]));
    return openWeights(memorySource(manifest(weights, paths), 'model.json', files));
  };
  const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5).buffer);
  const kernel = { name: 'conv/kernel', shape: [2, 2], dtype: 'float32' };

  it('are read across the borders of shards', () => {
    const file = open(
      [kernel, { name: 'b', shape: [], dtype: 'float32' }],
      [floats.subarray(0, 6), floats.subarray(6)],
    );
    expect(file.metadata).toEqual({ format: 'layers-model' });
    expect([...(file.tensors.get('conv/kernel')?.read().data ?? [])]).toEqual([1, 2, 3, 4]);
    expect(file.tensors.get('b')?.read()).toEqual({ dtype: 'F32', shape: [], data: Float32Array.of(5) });
  });

  it('are widened where they are quantised', () => {
    const quantised = (dtype: string) => ({ ...kernel, shape: [2], quantization: { dtype, scale: 0.5, min: -1 } });
    const bytes = open([quantised('uint8')], [Uint8Array.of(0, 255), new Uint8Array()]);
    expect(bytes.tensors.get('conv/kernel')?.read()).toEqual({
      dtype: 'F32',
      shape: [2],
      data: Float32Array.of(-1, 126.5),
    });
    const words = open([quantised('uint16')], [Uint8Array.of(2, 0, 0, 1), new Uint8Array()]);
    expect([...(words.tensors.get('conv/kernel')?.read().data ?? [])]).toEqual([0, 127]);
    const halves = { ...kernel, shape: [1], quantization: { dtype: 'float16' } };
    expect([
      ...(open([halves], [Uint8Array.of(0, 0x3c), new Uint8Array()])
        .tensors.get('conv/kernel')
        ?.read().data ?? []),
    ]).toEqual([1]);
  });

  it.each([
    ['../secret.bin', /outside of its folder/],
    ['/etc/passwd', /outside of its folder/],
    ['a/../../b', /outside of its folder/],
    ['c.bin', /is not there/],
  ])('refuse the shard %s', (path, message) => {
    expect(() => open([kernel], [floats], [path])).toThrow(message);
  });

  it('refuse shards of another length than the manifest says', () => {
    expect(() => open([kernel], [floats, new Uint8Array()])).toThrow(/have 20 bytes, its weights 16/);
    expect(() => open([{ ...kernel, shape: [2, 9] }], [floats, new Uint8Array()])).toThrow(/cut off or damaged/);
  });
});

describe('writers', () => {
  const TENSORS = new Map<string, HostTensor>([
    ['w', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 1e-40) }],
    ['n', { dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 62n)) }],
    ['bytes', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ]);

  it('of .npz give an archive that reads back the same, with its metadata', () => {
    const file = openWeights(writeNpz(TENSORS, { licence: 'MIT' }));
    expect(readAll(file)).toEqual(TENSORS);
    expect(file.metadata).toEqual({ licence: 'MIT' });
    expect(writeNpz(TENSORS)).toEqual(writeNpz(new Map(TENSORS)));
  });
});

describe('what is no file of weights', () => {
  it.each([
    ['nothing', new Uint8Array()],
    ['one byte', Uint8Array.of(8)],
    ['text', new TextEncoder().encode('hello')],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0)],
    ['JSON of something else', new TextEncoder().encode('{"a": 1}')],
  ])('is refused: %s', (_, bytes) => {
    expect(() => openWeights(bytes)).toThrow(expect.objectContaining({ name: 'WeightsError' }));
  });
});
