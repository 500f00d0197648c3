import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HostTensor } from '../../weights/hostTensor.js';
import { readSafetensors, writeSafetensors } from '../../weights/safetensors.js';

const TENSORS = new Map<string, HostTensor>([
  ['b', { dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 1e-40) }],
  ['a', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ['scalar', { dtype: 'I64', shape: [], data: BigInt64Array.of(-(2n ** 62n)) }],
  ['empty', { dtype: 'F64', shape: [0, 4], data: new Float64Array() }],
  ['__proto__', { dtype: 'I32', shape: [1], data: Int32Array.of(-5) }],
]);

/** A file from a header written by hand. */
function file(header: unknown, body: Uint8Array = new Uint8Array()): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  return Uint8Array.from([...new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer), ...json, ...body]);
}
const entry = (dtype: string, shape: readonly number[], start: number, end: number) => ({
  t: { dtype, shape, data_offsets: [start, end] },
});

describe('safetensors', () => {
  it('reads back what it wrote, of every element type', () => {
    const { tensors, metadata } = readSafetensors(writeSafetensors(TENSORS, { z: '1', a: 'é' }));
    expect(new Map([...tensors].sort())).toEqual(new Map([...TENSORS].sort()));
    expect(metadata).toEqual({ a: 'é', z: '1' });
  });

  it('writes the same bytes whatever the order of the tensors and the metadata', () => {
    const reversed = new Map([...TENSORS].reverse());
    const [a, b] = [writeSafetensors(TENSORS, { x: '1', y: '2' }), writeSafetensors(reversed, { y: '2', x: '1' })];
    expect(Buffer.from(a).equals(Buffer.from(b))).toBe(true);
    expect(Number(new DataView(a.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  it('reads half and brain floats as float32', () => {
    const half = file(entry('F16', [2], 0, 4), new Uint8Array(Uint16Array.of(0x3c00, 0xfc00).buffer));
    expect(readSafetensors(half).tensors.get('t')?.data).toEqual(Float32Array.of(1, Number.NEGATIVE_INFINITY));
    const brain = file(entry('BF16', [1], 0, 2), new Uint8Array(Uint16Array.of(0x4049).buffer));
    expect(readSafetensors(brain).tensors.get('t')).toEqual({
      dtype: 'F32',
      shape: [1],
      data: Float32Array.of(3.140625),
    });
  });

  it('reads a Buffer that is a window of a larger one', () => {
    const bytes = Buffer.concat([Buffer.alloc(5), writeSafetensors(TENSORS)]).subarray(5);
    expect(readSafetensors(bytes).tensors.get('b')?.data).toEqual(TENSORS.get('b')?.data);
  });

  it.each([
    ['shorter than its length field', new Uint8Array(7), /at least 8 bytes/],
    ['with a header longer than the file', Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0, 1), /claims 4294967295 of 9/],
    ['with a header that is not JSON', file('{nope'), /not JSON/],
    ['with a header that is a list', file('[]'), /not a JSON object/],
    ['with an unknown element type', file(entry('F8_E4M3', [1], 0, 1), new Uint8Array(1)), /F8_E4M3; readable are F32/],
    [
      'with a tensor past its end',
      file(entry('F32', [2], 0, 8), new Uint8Array(4)),
      /needs 8 bytes, the file gives it 0 to 8 of 4/,
    ],
    ['with a shape that is not its bytes', file(entry('F32', [3], 0, 8), new Uint8Array(8)), /needs 12 bytes/],
    ['with a huge shape', file(entry('F32', [2 ** 50, 2 ** 50], 0, 8), new Uint8Array(8)), /needs .* bytes/],
    ['with a negative size', file(entry('F32', [-1], 0, 0)), /shape/],
    ['with bytes before the first tensor', file(entry('U8', [1], 1, 2), new Uint8Array(2)), /byte 0 is followed by 1/],
    ['with bytes nothing uses', file(entry('U8', [1], 0, 1), new Uint8Array(2)), /end at byte 1, the file at 2/],
    ['with metadata that is not text', file({ __metadata__: { epoch: 1 } }), /__metadata__/],
    ['with an unknown key in an entry', file({ t: { dtype: 'U8', shape: [0], data_offsets: [0, 0], x: 1 } }), /'t'/],
  ])('refuses a file %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes)).toThrow(message);
  });

  it('gives an error of its own for any other bytes', () => {
    const bytes = writeSafetensors(TENSORS, { a: 'b' });
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(damage, fc.nat(bytes.length), (changes, length) => {
        const damaged = bytes.slice(0, length);
        for (const [at, value] of changes) if (at < length) damaged[at] = value;
        try {
          readSafetensors(damaged);
        } catch (error) {
          expect((error as Error).name).toBe('WeightsError');
        }
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});
