/** A TIFF file of one or more pages, uncompressed, one strip each; for tests. */

export type TiffType = 'uint8' | 'int8' | 'uint16' | 'int16' | 'uint32' | 'int32' | 'float32' | 'float64';

interface TiffPage {
  readonly width: number;
  readonly height: number;
  /** Samples of a pixel. */
  readonly channels?: number;
  readonly type: TiffType;
  /** [height, width, channels]. */
  readonly values: ArrayLike<number>;
  /** 0 white is zero, 1 black is zero, 2 RGB, 5 CMYK, 8 CIELab. */
  readonly photometric?: number;
  /** Of the channels beyond the photometric's: 0 unspecified, 1 and 2 alpha. */
  readonly extra?: readonly number[];
  /** What it says of itself, ASCII. */
  readonly description?: string;
  /** 1: a smaller copy of another page. */
  readonly subfile?: number;
}

const BYTES = { uint8: 1, int8: 1, uint16: 2, int16: 2, uint32: 4, int32: 4, float32: 4, float64: 8 } as const;
const WRITE = {
  uint8: (view: DataView, at: number, value: number) => view.setUint8(at, value),
  int8: (view: DataView, at: number, value: number) => view.setInt8(at, value),
  uint16: (view: DataView, at: number, value: number) => view.setUint16(at, value, true),
  int16: (view: DataView, at: number, value: number) => view.setInt16(at, value, true),
  uint32: (view: DataView, at: number, value: number) => view.setUint32(at, value, true),
  int32: (view: DataView, at: number, value: number) => view.setInt32(at, value, true),
  float32: (view: DataView, at: number, value: number) => view.setFloat32(at, value, true),
  float64: (view: DataView, at: number, value: number) => view.setFloat64(at, value, true),
} as const;

/** Little-endian, directories after the pixels of their page. */
export function drawTiff(...pages: readonly TiffPage[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let position = 8;
  let pointer: { view: DataView; at: number };
  const header = new Uint8Array([0x49, 0x49, 42, 0, 0, 0, 0, 0]);
  parts.push(header);
  pointer = { view: new DataView(header.buffer), at: 4 };
  for (const page of pages) {
    const {
      width,
      height,
      type,
      values,
      channels = 1,
      photometric = 1,
      extra = [],
      subfile = 0,
      description = '',
    } = page;
    const bytes = BYTES[type];
    const pixels = new Uint8Array(Math.ceil((values.length * bytes) / 2) * 2);
    const view = new DataView(pixels.buffer);
    for (let i = 0; i < values.length; i++) WRITE[type](view, i * bytes, values[i] as number);
    const format = type.startsWith('u') ? 1 : type.startsWith('i') ? 2 : 3;
    const each = (value: number) => Array<number>(channels).fill(value);
    const text = [...new TextEncoder().encode(`${description}\0`)];
    const tags: readonly (readonly [tag: number, type: 2 | 3 | 4, values: readonly number[]])[] = [
      [254, 4, [subfile]],
      [256, 4, [width]],
      [257, 4, [height]],
      [258, 3, each(bytes * 8)],
      [259, 3, [1]],
      [262, 3, [photometric]],
      ...(description === '' ? [] : [[270, 2, text] as const]),
      [273, 4, [position]],
      [277, 3, [channels]],
      [278, 4, [height]],
      [279, 4, [values.length * bytes]],
      [284, 3, [1]],
      ...(extra.length > 0 ? [[338, 3, extra] as const] : []),
      [339, 3, each(format)],
    ];
    const directoryAt = position + pixels.length;
    const directory = new Uint8Array(2 + tags.length * 12 + 4 + 8 * tags.length * 16 + text.length + 1);
    const entries = new DataView(directory.buffer);
    entries.setUint16(0, tags.length, true);
    let spill = 2 + tags.length * 12 + 4;
    for (const [i, [tag, kind, list]] of tags.entries()) {
      const at = 2 + i * 12;
      entries.setUint16(at, tag, true);
      entries.setUint16(at + 2, kind, true);
      entries.setUint32(at + 4, list.length, true);
      const size = kind === 2 ? 1 : kind === 3 ? 2 : 4;
      const isSpilled = list.length * size > 4;
      const to = isSpilled ? spill : at + 8;
      if (isSpilled) {
        entries.setUint32(at + 8, directoryAt + spill, true);
        spill += Math.ceil((list.length * size) / 2) * 2;
      }
      for (const [j, value] of list.entries()) {
        if (kind === 2) entries.setUint8(to + j, value);
        else if (kind === 3) entries.setUint16(to + j * size, value, true);
        else entries.setUint32(to + j * size, value, true);
      }
    }
    pointer.view.setUint32(pointer.at, directoryAt, true);
    pointer = { view: entries, at: 2 + tags.length * 12 };
    parts.push(pixels, directory.subarray(0, spill));
    position = directoryAt + spill;
  }
  return Uint8Array.from(Buffer.concat(parts));
}
