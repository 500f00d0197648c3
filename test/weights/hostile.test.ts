import { existsSync } from 'node:fs';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../weights/bytes/byteSource.js';
import { crc32 } from '../../weights/bytes/crc32.js';
import { writeZip } from '../../weights/bytes/zipWriter.js';
import { writeNpy } from '../../weights/npy.js';
import { openWeights } from '../../weights/openWeights.js';
import * as write from './pytorch/pickleWriter.js';
import { seedBytes } from './seedFiles.js';

const LIMIT_MS = 5000;
const LIMIT_BYTES = 1e9;

/** Opens and reads everything; what it took must stay small whatever the outcome. */
function refuse(bytes: Uint8Array, message: RegExp): void {
  const [start, before] = [performance.now(), process.memoryUsage().arrayBuffers];
  let error: unknown;
  try {
    for (const tensor of openWeights(bytes).tensors.values()) tensor.read();
  } catch (caught) {
    error = caught;
  }
  expect(error).toMatchObject({ name: 'WeightsError', message: expect.stringMatching(message) });
  expect(performance.now() - start).toBeLessThan(LIMIT_MS);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(LIMIT_BYTES);
}

const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];

/** The same archive with another size claimed for its only member. */
function claiming(archive: Uint8Array, size: number): Uint8Array {
  const changed = archive.slice();
  const end = changed.length - 22;
  const directory = new DataView(changed.buffer).getUint32(end + 16, true);
  changed.set(u32(size), directory + 24);
  return changed;
}

describe('zip bombs', () => {
  const zeros = writeNpy({ dtype: 'F32', shape: [4_000_000], data: new Float32Array(4_000_000) });
  const packed = zipSync({ 'a.npy': [zeros, { level: 9 }] });

  it('read what is honestly packed a thousand times', () => {
    expect(packed.length).toBeLessThan(zeros.length / 900);
    expect(openWeights(packed).tensors.get('a')?.read().data).toHaveLength(4_000_000);
  });

  it('refuse a member that claims more than could be packed into it', () => {
    refuse(claiming(packed, 4e9), /zip bomb, refused/);
  });

  it('refuse a member that unpacks to more than it claims', () => {
    refuse(claiming(packed, 1000), /needs 16000000 bytes, the file holds 8/);
  });

  it('refuse members that together claim far more than the archive, before any is unpacked', () => {
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`a${i}.npy`, [zeros, { level: 9 }] as const]));
    refuse(zipSync(many as Parameters<typeof zipSync>[0]), /zip bomb, refused/);
  });

  it('refuse two members in one place, and more members than bytes', () => {
    const archive = writeZip([
      { name: 'a.npy', bytes: zeros.subarray(0, 200) },
      { name: 'b.npy', bytes: zeros.subarray(0, 200) },
    ]);
    const view = new DataView(archive.buffer);
    const directory = view.getUint32(archive.length - 6, true);
    const overlapping = archive.slice();
    overlapping.set(u32(0), directory + 46 + 5 + 42);
    refuse(overlapping, /lies where another file does/);
    const inside = archive.slice();
    inside.set(u32(100), directory + 46 + 5 + 42);
    refuse(inside, /'a.npy' lies where another file does/);
    const crowded = archive.slice();
    new DataView(crowded.buffer).setUint16(crowded.length - 12, 60_000, true);
    refuse(crowded, /claims 60000 files/);
  });
});

describe('checksums of an archive', () => {
  const tensor = { dtype: 'F32', shape: [9], data: Float32Array.from({ length: 9 }, (_, i) => i) } as const;
  /** The same bytes with one of them turned. */
  const turned = (archive: Uint8Array, at: number): Uint8Array =>
    archive.map((byte, i) => (i === at ? byte ^ 1 : byte));

  it('are those of the standard, in pieces, too', () => {
    const bytes = new TextEncoder().encode('123456789');
    expect(crc32(bytes)).toBe(0xcbf43926); // the check value of CRC-32/ISO-HDLC
    expect(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4)))).toBe(0xcbf43926);
  });

  it.each([0, 9] as const)('tell a member that was changed, at level %i, when it is read', (level) => {
    const archive = zipSync({ 'a.npy': [writeNpy(tensor), { level }] });
    expect(openWeights(archive).tensors.get('a')?.read().data).toEqual(tensor.data);
    const directory = archive.length - 22 - 51;
    const read = () =>
      openWeights(turned(archive, directory + 16))
        .tensors.get('a')
        ?.read();
    expect(read).toThrow(/'a\.npy' in the archive is damaged: its checksum is another/);
    if (level === 0) expect(() => openWeights(turned(archive, 180)).tensors.get('a')?.read()).toThrow(/checksum/);
  });
});

describe('pickles that want more than tensors', () => {
  const evil = (module: string, name: string) =>
    write.call(write.global(module, name), write.string('touch /tmp/owned'));

  it.each([
    ['os', 'system'],
    ['posix', 'system'],
    ['subprocess', 'Popen'],
    ['builtins', 'exec'],
    ['torch.serialization', 'load'],
    ['numpy', 'load'],
  ])(
    'get nothing of %s.%s, in both formats and inside of a checkpoint: it is not called, and no tensor',
    (module, name) => {
      const value = write.dictionary([
        write.string('state_dict'),
        write.dictionary([write.string('a'), evil(module, name)]),
      ]);
      for (const bytes of [write.zipFile(value, []), write.legacyFile(value, [])]) refuse(bytes, /holds no tensors/);
      expect(existsSync('/tmp/owned')).toBe(false);
    },
  );

  it.each([
    [
      'dictionaries without end',
      [...Array.from({ length: 600_000 }, () => 0x7d)],
      /more than 500000 lists and dictionaries/,
    ],
    ['marks without end', [...Array.from({ length: 2000 }, () => 0x28)], /nests deeper/],
    ['operations without end', [...Array.from({ length: 4_000_001 }, () => 0x4e)], /more than 4000000 operations/],
  ])('refuse %s', (_, operations, message) => {
    refuse(write.legacyFile(operations, []), message);
  });
});

describe('files that claim more than they hold', () => {
  it('are refused as NumPy arrays', () => {
    const bytes = new TextDecoder('latin1').decode(writeNpy({ dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }));
    const claim = (shape: string) => Uint8Array.from(bytes.replace('(2,)', shape), (letter) => letter.charCodeAt(0));
    refuse(claim('(9,)'), /needs 36 bytes, the file holds 8/);
    refuse(claim('(99999999999,)'), /needs 399999999996 bytes/);
    refuse(claim('(2,2,2,2,2,2,2,2,2)'), /NumPy array of shape/);
  });

  it('are refused as ONNX: an external file outside of the folder', () => {
    const text = (field: number, value: string) => [field * 8 + 2, value.length, ...new TextEncoder().encode(value)];
    const message = (field: number, bytes: readonly number[]) => [field * 8 + 2, bytes.length, ...bytes];
    const place = (location: string) => message(13, [...text(1, 'location'), ...text(2, location)]);
    const tensor = (location: string) => [8, 1, 16, 1, ...text(8, 'w'), ...place(location), 14 * 8, 1];
    const model = (location: string) => Uint8Array.from([8, 10, ...message(7, message(5, tensor(location)))]);
    refuse(model('../../etc/passwd'), /outside of its folder/);
    refuse(model('/etc/passwd'), /outside of its folder/);
    const beside = memorySource(
      model('w.bin'),
      'm.onnx',
      new Map([['w.bin', new Uint8Array(Float32Array.of(7).buffer)]]),
    );
    expect(openWeights(beside).tensors.get('w')?.read()).toEqual({
      dtype: 'F32',
      shape: [1],
      data: Float32Array.of(7),
    });
  });

  it('are refused as HDF5: chunks far larger than their tensor, each of them packed to nothing', () => {
    const bytes = seedBytes('packed.h5');
    const [chunk, view] = [1008 + 11, new DataView(bytes.buffer)];
    expect([view.getUint32(chunk, true), view.getUint32(chunk + 4, true)]).toEqual([8, 3]);
    view.setUint32(chunk + 4, 2 ** 24, true);
    refuse(bytes, /has 3 chunks of 536870912 bytes: refused/);
  });

  it.each(['model.h5', 'packed.h5', 'int8.tflite', 'model.onnx', 'plain.pth'])(
    'are refused as %s: cut off anywhere',
    (name) => {
      const bytes = seedBytes(name);
      for (let length = 16; length < bytes.length - 8; length += Math.ceil(bytes.length / 60)) {
        try {
          for (const tensor of openWeights(bytes.subarray(0, length)).tensors.values()) tensor.read();
        } catch (error) {
          expect(error).toMatchObject({ name: 'WeightsError' });
        }
      }
    },
  );
});
