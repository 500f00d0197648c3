import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readVolume } from '../../../datasets/volumes/readVolume.js';
import { golden } from '../../data.js';
import { folderWith } from '../folder.js';

interface Recorded {
  /** Base64. */
  readonly file: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}
/** Files that were drawn and read with pydicom by bench/peers/packed.py. */
const { files } = golden<{ readonly files: { readonly [name: string]: Recorded } }>('volumes/packed.json.gz');
/** Decoders of JPEG differ in the last bits. */
const LOSSY = /^JPEG( extended)?, /;

test.each(Object.entries(files))('%s is read as pydicom reads it', async (name, { file, shape, values }) => {
  const folder = folderWith({ 'a.dcm': Buffer.from(file, 'base64') });
  const reading = readVolume(join(folder, 'a.dcm'));
  if (name === 'JPEG extended, 12 bits')
    return expect(reading).rejects.toThrow(/a\.dcm: DICOM: a JPEG with loss of 12 bits a sample.*dcmdjpeg/);
  const { data, width, height, depth, channels } = await reading;
  expect([depth, height, width, channels]).toEqual(shape);
  if (!LOSSY.test(name)) return expect([...data]).toEqual(values);
  expect(Math.max(...values.map((value, i) => Math.abs(value - (data[i] as number))))).toBeLessThanOrEqual(2);
});

test('a packed image that is cut, or of another size than the file says, is refused, and the next one is read', async () => {
  const names = ['JPEG 2000, 16 bits', 'JPEG-LS, 16 bits', 'JPEG lossless, 16 bits, predictor 4'];
  for (const name of names) {
    const { file, values } = files[name] as Recorded;
    const bytes = Buffer.from(file, 'base64');
    const other = Buffer.from(bytes);
    const rows = other.indexOf(Buffer.from([0x28, 0, 0x10, 0]));
    other.writeUInt16LE(17, rows + 8);
    const folder = folderWith({
      'cut.dcm': bytes.subarray(0, bytes.length - 160),
      'other.dcm': other,
      'whole.dcm': bytes,
    });
    await expect(readVolume(join(folder, 'cut.dcm'))).rejects.toThrow('cut.dcm: DICOM: ');
    await expect(readVolume(join(folder, 'other.dcm'))).rejects.toThrow(/the file says 24x17/);
    expect([...(await readVolume(join(folder, 'whole.dcm'))).data]).toEqual(values);
  }
});

test('a stream that keeps its codec busy for ever is refused, and the image behind it is read', async () => {
  const { file, values } = files['JPEG-LS, 8 bits, 2 frames'] as Recorded;
  const whole = Buffer.from(file, 'base64');
  // Seven bytes in place of one within the first frame.
  const endless = Buffer.concat([whole.subarray(0, 728), Buffer.from('../../x'), whole.subarray(729)]);
  const folder = folderWith({ 'endless.dcm': endless, 'whole.dcm': whole });
  const [refused, read] = await Promise.allSettled([
    readVolume(join(folder, 'endless.dcm')),
    readVolume(join(folder, 'whole.dcm')),
  ]);
  expect(refused).toMatchObject({
    status: 'rejected',
    reason: { message: expect.stringContaining('endless.dcm: DICOM: ') },
  });
  expect(read.status === 'fulfilled' && [...read.value.data]).toEqual(values);
});

test('what a small file says to be huge is refused before memory is taken for it', async () => {
  const bytes = Buffer.from((files['JPEG lossless, 16 bits, predictor 4'] as Recorded).file, 'base64');
  for (const element of [0x10, 0x11]) bytes.writeUInt16LE(16_000, bytes.indexOf(Buffer.of(0x28, 0, element, 0)) + 8);
  const frame = bytes.indexOf(Buffer.of(0xff, 0xc3));
  for (const at of [5, 7]) bytes.writeUInt16BE(16_000, frame + at);
  await expect(readVolume(join(folderWith({ 'a.dcm': bytes }), 'a.dcm'))).rejects.toThrow('a.dcm: DICOM: truncated');
});
