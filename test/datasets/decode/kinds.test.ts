import { expect, it } from 'vitest';
import { decodeImage } from '../../../datasets/index.js';

const at = (offset: number, text: string): Uint8Array =>
  Uint8Array.from(Buffer.from('\0'.repeat(offset) + text, 'latin1'));

it.each([
  ['a PAM image', at(0, 'P7\n')],
  ['a Photoshop file', at(0, '8BPS')],
  ['a DICOM file', at(128, 'DICM')],
  ['a PDF document', at(0, '%PDF-1.4')],
  ['a JPEG XL image', at(4, 'JXL \r\n')],
  ['a zip archive', at(0, 'PK\u0003\u0004')],
  ['a pointer of Git LFS whose file was not fetched', at(0, 'version https://git-lfs.github.com/spec/v1\n')],
  ['an SVG drawing', at(0, '<?xml version="1.0"?>\n<svg xmlns="">')],
  ['an HTML page, perhaps of a failed download', at(0, '\n<!DOCTYPE html><html>')],
])('%s is refused by its name', async (name, bytes) => {
  await expect(decodeImage(bytes)).rejects.toThrow(
    `image bytes: it is ${name}, which is not read: use JPEG, PNG, WebP, TIFF or BMP`,
  );
});

it.each([
  ['a HEIC photo', at(4, 'ftypheic')],
  ['a WebP image', at(0, 'RIFF....WEBP')],
])('%s that sharp cannot open is refused by its name', async (name, bytes) => {
  await expect(decodeImage(bytes)).rejects.toThrow(`${name} that is damaged, or whose kind sharp cannot read`);
});

it('anything else is no image', async () => {
  await expect(decodeImage(at(0, 'hello there'))).rejects.toThrow('not an image that can be read: use JPEG, PNG');
});
