import { describe, expect, test } from 'vitest';
import { crc32 } from '../../src/formats/npz.js';
import { COCO, COCOeval, saveEval, writeNpy, writeNpz } from '../../src/index.js';

const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/** The stored members of a zip file, found through its directory, with their checksums compared. */
function members(zip: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.length);
  const end = zip.length - 22;
  expect(view.getUint32(end, true)).toBe(0x06054b50);
  const out = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < view.getUint16(end + 10, true); i++) {
    expect(view.getUint32(at, true)).toBe(0x02014b50);
    const [checksum, size, length] = [
      view.getUint32(at + 16, true),
      view.getUint32(at + 24, true),
      view.getUint16(at + 28, true),
    ];
    const local = view.getUint32(at + 42, true);
    expect(view.getUint32(local, true)).toBe(0x04034b50);
    const begin = local + 30 + view.getUint16(local + 26, true);
    const bytes = zip.subarray(begin, begin + size);
    expect(crc32(bytes)).toBe(checksum);
    out.set(text(zip.subarray(at + 46, at + 46 + length)), bytes);
    at += 46 + length;
  }
  expect(at).toBe(end);
  return out;
}

describe('arrays for numpy', () => {
  test('the header says type and shape, and ends on a multiple of 64 bytes', () => {
    const bytes = writeNpy({ shape: [2, 1], data: Float64Array.of(1, -2) });
    expect(text(bytes.subarray(0, 8))).toBe('\x93NUMPY\x01\x00');
    const length = bytes[8]! + 256 * bytes[9]!;
    expect((10 + length) % 64).toBe(0);
    expect(text(bytes.subarray(10, 10 + length)).trimEnd()).toBe(
      "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }",
    );
    expect(bytes[9 + length]).toBe(10);
    const view = new DataView(bytes.buffer, 10 + length);
    expect([view.getFloat64(0, true), view.getFloat64(8, true)]).toEqual([1, -2]);
  });

  test('integers are 64 bit, bytes stay bytes, strings are padded code points, one dimension keeps its comma', () => {
    const integer = writeNpy({ shape: [1], data: Int32Array.of(-5) });
    expect(text(integer)).toContain("'<i8', 'fortran_order': False, 'shape': (1,)");
    expect(new DataView(integer.buffer).getBigInt64(integer.length - 8, true)).toBe(-5n);
    expect(text(writeNpy({ shape: [], data: Uint8Array.of(7) }))).toContain(
      "'|u1', 'fortran_order': False, 'shape': ()",
    );
    const words = writeNpy({ shape: [2], data: ['a', 'né'] });
    expect(text(words)).toContain("'<U2'");
    expect([...new Uint32Array(words.slice(-16).buffer)]).toEqual([97, 0, 110, 233]);
    expect(() => writeNpy({ shape: [3], data: Float64Array.of(1) })).toThrow('1 values do not fill the shape [3]');
  });

  test('the checksum is that of zip', () => {
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
  });

  test('an archive lists its members with place, size and checksum', () => {
    const found = members(writeNpz({ a: { shape: [1], data: Float64Array.of(3) }, b: { shape: [1], data: ['x'] } }));
    expect([...found.keys()]).toEqual(['a.npy', 'b.npy']);
    expect(found.get('a.npy')).toEqual(writeNpy({ shape: [1], data: Float64Array.of(3) }));
  });

  test('an evaluation is saved with its params', () => {
    const ann = { image_id: 1, category_id: 2, bbox: [0, 0, 10, 10] };
    const gt = new COCO({
      images: [{ id: 1 }],
      categories: [{ id: 2 }],
      annotations: [{ ...ann, id: 1, area: 100, iscrowd: 0 }],
    });
    const evaluation = new COCOeval(gt, gt.loadRes([{ ...ann, score: 0.5 }]), 'bbox');
    expect(() => saveEval(evaluation)).toThrow('accumulate');
    evaluation.evaluate();
    evaluation.accumulate();
    evaluation.summarize();
    const found = members(saveEval(evaluation));
    expect(text(found.get('precision.npy')!)).toContain('(10, 101, 1, 4, 3)');
    expect(text(found.get('recall.npy')!)).toContain('(10, 1, 4, 3)');
    expect(text(found.get('areaRng.npy')!)).toContain('(4, 2)');
    expect(text(found.get('iouType.npy')!)).toContain("'<U4', 'fortran_order': False, 'shape': ()");
    expect([...new Float64Array(found.get('stats.npy')!.slice(-96).buffer)]).toEqual([...evaluation.stats]);
  });
});
