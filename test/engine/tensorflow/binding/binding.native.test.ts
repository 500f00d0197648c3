import { describe, expect, it } from 'vitest';
import { AttrType, DataType } from '../../../../engine/tensorflow/binding/api.js';
import { createBinding } from '../../../../engine/tensorflow/binding/binding.js';
import { currentContext, requireVersion } from '../../../../engine/tensorflow/context.js';
import { fromBfloat16, fromFloat16, toBfloat16, toFloat16 } from '../../../../weights/halves.js';

const binding = createBinding(currentContext());

/** Writes values, and reads them back, and their cast to `to` by TensorFlow. */
function roundTrip(dtype: number, values: ArrayLike<unknown>, to: number): { same: unknown[]; cast: unknown[] } {
  const id = binding.createTensor([values.length], dtype, values as never);
  const attrs = [
    { name: 'SrcT', type: AttrType.type, value: dtype },
    { name: 'DstT', type: AttrType.type, value: to },
  ];
  const [result] = binding.executeOp('Cast', attrs, [id], 1);
  const read = (tensor: number): unknown[] => Array.from(binding.tensorDataSync(tensor) as ArrayLike<unknown>);
  const found = { same: read(id), cast: read((result as { id: number }).id) };
  binding.deleteTensor(id);
  binding.deleteTensor((result as { id: number }).id);
  return found;
}

describe('tensors of every type', () => {
  it.each([
    ['bool', DataType.bool, [1, 0, 1], DataType.int32, [1, 0, 1], [1, 0, 1]],
    ['uint8', DataType.uint8, [0, 7, 255], DataType.int32, [0, 7, 255], [0, 7, 255]],
    ['int32', DataType.int32, [-5, 2 ** 31 - 1], DataType.int64, [-5, 2 ** 31 - 1], [-5n, 2n ** 31n - 1n]],
    ['int64', DataType.int64, [-5, 2 ** 40], DataType.float, [-5n, 2n ** 40n], [-5, 2 ** 40]],
    ['float16', DataType.half, [1.5, -65504, 6e-8], DataType.float, [1.5, -65504, 2 ** -24], [1.5, -65504, 2 ** -24]],
    [
      'bfloat16',
      DataType.bfloat16,
      [1.5, -3e38, 257],
      DataType.float,
      [1.5, fromBfloat16(0xff62), 256],
      [1.5, fromBfloat16(0xff62), 256],
    ],
  ])('%s goes in and comes out as it was', (_, dtype, values, to, same, cast) => {
    expect(roundTrip(dtype, values, to)).toEqual({ same, cast });
  });

  it('strings of any length go in and come out, and are concatenated', () => {
    const texts = ['', 'short', 'twenty-two bytes, as much', 'ä'.repeat(1000)];
    const id = binding.createTensor([4], DataType.string, texts);
    const decode = (tensor: number): string[] =>
      Array.from(binding.tensorDataSync(tensor) as Uint8Array[], (bytes) => Buffer.from(bytes).toString());
    expect(decode(id)).toEqual(texts);
    const joined = binding.executeOp(
      'StringJoin',
      [
        { name: 'N', type: AttrType.int, value: 2 },
        { name: 'separator', type: AttrType.string, value: '-' },
      ],
      [id, id],
      1,
    );
    expect(decode((joined[0] as { id: number }).id)).toEqual(texts.map((text) => `${text}-${text}`));
    binding.deleteTensor(id);
    binding.deleteTensor((joined[0] as { id: number }).id);
    expect(() => binding.tensorDataSync(id)).toThrow(/was disposed/);
  });

  it('values that do not fill a shape are refused before memory is touched', () => {
    expect(() => binding.createTensor([2, 3], DataType.float, new Float32Array(5))).toThrow(
      'a tensor of shape [2,3] takes 6 values, not 5',
    );
  });
});

describe('16-bit floating point', () => {
  it('rounds to the nearest, ties to even, and keeps infinities, zeros and NaN', () => {
    const cases: readonly (readonly [number, half: number, bfloat: number])[] = [
      [0, 0, 0],
      [-0, -0, -0],
      [1, 1, 1],
      [1 + 2 ** -11, 1, 1], // half way in float16: to even
      [1 + 3 * 2 ** -11, 1 + 2 ** -9, 1],
      [1 + 2 ** -8, 1 + 2 ** -8, 1], // half way in bfloat16
      [1 + 3 * 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -6],
      [2047.5, 2048, 2048],
      [65519, 65504, 65536],
      [65520, Number.POSITIVE_INFINITY, 65536],
      [2 ** -25, 0, 2 ** -25],
      [2 ** -14 - 2 ** -26, 2 ** -14, 2 ** -14],
      [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY],
      [Number.NaN, Number.NaN, Number.NaN],
    ];
    for (const [value, half, bfloat] of cases) {
      expect(fromFloat16(toFloat16(value)), `float16 of ${value}`).toBe(half);
      expect(fromBfloat16(toBfloat16(value)), `bfloat16 of ${value}`).toBe(bfloat);
    }
  });

  it('has every finite float16 as it is', () => {
    for (let pattern = 0; pattern < 0x7c00; pattern++) expect(toFloat16(fromFloat16(pattern))).toBe(pattern);
  });
});

describe('the version of the library', () => {
  const files = { library: '/opt/libtensorflow.so.2', framework: null, origin: '/opt', cuda: null };
  it('must be 2.9 or newer', () => {
    expect(['2.9.1', '2.21.0', '3.0.0'].map((version) => requireVersion(version, files))).toHaveLength(3);
    for (const old of ['1.15.0', '2.8.4']) {
      expect(() => requireVersion(old, files)).toThrow(`libtensorflow.so.2 (/opt) is TensorFlow ${old}, 2.9 or newer`);
    }
  });
});
