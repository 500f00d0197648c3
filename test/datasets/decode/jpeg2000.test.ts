import { expect, test } from 'vitest';
import { decodeDeep } from '../../../datasets/decode/decodeDeep.js';
import { decodeImage, decodeMask } from '../../../datasets/decode/index.js';
import { createJsDecoder } from '../../../datasets/decode/jsDecoder.js';

/** Lossless, 6 x 5 pixels: grey 40 x + 3 y; of 12 bits 600 x + 7 y; that grey, upside down, and 9. Packed by imagecodecs 2026.3.6. */
const grey = bytes(
  'AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAABQAAAAYAAQcHAAAAAAAPY29scgEAAAAAABEAAACfanAyY/9P/1EAKQAAAAAABgAAAAUAAAAAAAAAAAAAAAYAAAAFAAAAAAAAAAAAAQcBAf9SAAwAAAABAAAEBAAB/1wABEBA/2QAJQABQ3JlYXRlZCBieSBPcGVuSlBFRyB2ZXJzaW9uIDIuNS40/5AACgAAAAAALQAB/5PfgOASHoJtPudEp2cpNndYRnNMMmKwgrtkfJwtWbPH/9k=',
);
const deep = bytes(
  'AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAABQAAAAYAAQsHAAAAAAAPY29scgEAAAAAABEAAACtanAyY/9P/1EAKQAAAAAABgAAAAUAAAAAAAAAAAAAAAYAAAAFAAAAAAAAAAAAAQsBAf9SAAwAAAABAAAEBAAB/1wABEBg/2QAJQABQ3JlYXRlZCBieSBPcGVuSlBFRyB2ZXJzaW9uIDIuNS40/5AACgAAAAAAOwAB/5Pf4KgSHoJt8s4INgrh5FMB+Ti9Bqw9q5faudc0hqgvN2xmfrhB0zvN52pYAn//2Q==',
);
const colour = bytes(
  'AAAADGpQICANCocKAAAAFGZ0eXBqcDIgAAAAAGpwMiAAAAAtanAyaAAAABZpaGRyAAAABQAAAAYAAwcHAAAAAAAPY29scgEAAAAAABAAAADNanAyY/9P/1EALwAAAAAABgAAAAUAAAAAAAAAAAAAAAYAAAAFAAAAAAAAAAAAAwcBAQcBAQcBAf9SAAwAAAABAQAEBAAB/1wABEBA/2QAJQABQ3JlYXRlZCBieSBPcGVuSlBFRyB2ZXJzaW9uIDIuNS40/5AACgAAAAAAVQAB/5PPtGQRT4lvo7DxHuQ0fsfvVLeCYpMpX99HxB1/34DwJokKGak4XWAKtckv7HT1x7bxoFcuA+fjX2OEbEAnwfIHEommYL2hj//Z',
);

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'base64'));
}
const each = <T>(make: (x: number, y: number) => T): T[] =>
  Array.from({ length: 30 }, (_, i) => make(i % 6, Math.floor(i / 6)));

test('a JPEG 2000 has its pixels, for the eye and in its own depth, without sharp, too', async () => {
  expect([...(await decodeImage(grey)).data]).toEqual(each((x, y) => Array(3).fill(40 * x + 3 * y)).flat());
  const colours = each((x, y) => [40 * x + 3 * y, 40 * x + 3 * (4 - y), 9]).flat();
  expect([...(await decodeImage(colour)).data]).toEqual(colours);
  const own = await decodeDeep(deep);
  expect(own.data).toEqual(Uint16Array.from(each((x, y) => 600 * x + 7 * y)));
  const shown = each((x, y) => Array(3).fill((600 * x + 7 * y) >> 4)).flat();
  expect([...(await decodeImage(deep, { onNote: () => {} })).data]).toEqual(shown);
  const source = { format: 'jpeg2000', samples: 'uint8', components: 3 } as Parameters<
    ReturnType<typeof createJsDecoder>['decode']
  >[1];
  expect([...(await createJsDecoder().decode(colour, source)).data]).toEqual(colours);
});

test('a damaged JPEG 2000 is refused before anything is allocated, and masks are not packed so', async () => {
  await expect(decodeImage(colour.subarray(0, 100))).rejects.toThrow('image bytes: truncated image');
  const huge = grey.slice();
  new DataView(huge.buffer).setUint32(93, 2 ** 31);
  await expect(decodeImage(huge)).rejects.toThrow(/2147483648x5 pixels are more than/);
  const subsampled = colour.slice();
  subsampled[129] = 2;
  await expect(decodeImage(subsampled)).rejects.toThrow('subsampled colours');
  await expect(decodeMask(grey)).rejects.toThrow('save masks as PNG');
});
