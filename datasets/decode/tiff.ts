/** What the first page of a TIFF declares. */
export interface TiffHeader {
  /** As stored, before orientation. */
  readonly width: number;
  readonly height: number;
  /** EXIF orientation of the stored pixels, 1..8. */
  readonly orientation: number;
  readonly bits: number;
  /** 1 unsigned, 2 signed, 3 IEEE float; others are rare. */
  readonly sampleFormat: number;
  /** 0 white is zero, 1 black is zero, 2 RGB, 3 palette, 5 CMYK, 6 YCbCr, 8 CIELab. */
  readonly photometric: number;
  /** Samples of a pixel. */
  readonly channels: number;
  /** Meaning of the channels beyond the colour: 0 unspecified, 1 and 2 alpha. */
  readonly extra: readonly number[];
  /** It is a smaller copy of another page. */
  readonly isCopy: boolean;
  /** Images in the file, without smaller copies and masks of others. */
  readonly pages: number;
  /** The start of what its ImageDescription says; empty: nothing. */
  readonly description: string;
}

/** The `count` bytes at `offset`, or fewer where the file ends. */
export type ByteView = (offset: number, count: number) => Uint8Array;

const TAG = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  photometric: 262,
  description: 270,
  orientation: 274,
  channels: 277,
  extra: 338,
  sampleFormat: 339,
} as const;
/** Bytes of a value by field type: BYTE, SHORT, LONG, LONG8. */
const WIDTHS: { readonly [type: number]: 1 | 2 | 4 | 8 } = { 1: 1, 3: 2, 4: 4, 16: 8 };
const MAX_ENTRIES = 1000;
const MAX_PAGES = 100_000;
const MAX_VALUES = 64;
/** Of a description: OME-XML says the size of a pixel in its first lines. */
const MAX_TEXT = 65_536;
const ASCII = 2;
/** A smaller copy of another page, or its mask. */
const AUXILIARY = 0b101;

export function isTiff(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  return (
    (a === 0x49 && b === 0x49 && (c === 42 || c === 43) && d === 0) ||
    (a === 0x4d && b === 0x4d && c === 0 && (d === 42 || d === 43))
  );
}

/**
 * Reads the directories of a TIFF or BigTIFF.
 *
 * @throws Error saying what is wrong
 * @source TIFF 6.0, sections 2 and 8; BigTIFF: libtiff.gitlab.io/libtiff/specification/bigtiff.html
 */
export function readTiffHeader(view: ByteView): TiffHeader {
  const file = openLayout(view);
  const first = file.directory(file.start);
  let pages = 0;
  const met = new Set<number>();
  for (let at = file.start; at !== 0 && !met.has(at) && met.size < MAX_PAGES; ) {
    met.add(at);
    const { tags, next } = at === file.start ? first : file.directory(at);
    if (((tags.get(TAG.subfile)?.[0] ?? 0) & AUXILIARY) === 0) pages++;
    at = next;
  }
  const value = (tag: number, missing: number): number => first.tags.get(tag)?.[0] ?? missing;
  const [width, height] = [value(TAG.width, 0), value(TAG.height, 0)];
  if (width === 0 || height === 0) throw new Error('damaged TIFF: it declares no pixels');
  const orientation = value(TAG.orientation, 1);
  return {
    width,
    height,
    orientation: orientation >= 1 && orientation <= 8 ? orientation : 1,
    bits: value(TAG.bits, 1),
    sampleFormat: value(TAG.sampleFormat, 1),
    photometric: value(TAG.photometric, 1),
    channels: value(TAG.channels, 1),
    extra: first.tags.get(TAG.extra) ?? [],
    isCopy: (value(TAG.subfile, 0) & 1) === 1,
    pages: Math.max(1, pages),
    description: file.text(first.description),
  };
}

interface Directory {
  readonly tags: ReadonlyMap<number, readonly number[]>;
  /** Where its description is; null: it has none. */
  readonly description: Extent | null;
  /** Offset of the next one; 0: none. */
  readonly next: number;
}

/** Bytes of the file. */
interface Extent {
  readonly at: number;
  readonly count: number;
}

interface Layout {
  readonly start: number;
  directory(at: number): Directory;
  /** What is at a place, as far as the file goes. */
  text(place: Extent | null): string;
}

/** Byte order and widths: 4-byte offsets, or the 8-byte ones of BigTIFF. */
function openLayout(view: ByteView): Layout {
  const head = view(0, 16);
  const little = head[0] === 0x49;
  const isBig = head[little ? 2 : 3] === 43;
  const [countBytes, entryBytes, offsetBytes] = isBig ? [8, 20, 8] : [2, 12, 4];
  const read = (at: number, count: number): DataView => {
    const bytes = view(at, count);
    if (bytes.length < count) throw new Error('truncated TIFF: it ends inside its header');
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const number = (data: DataView, at: number, width: number): number =>
    width === 1
      ? data.getUint8(at)
      : width === 2
        ? data.getUint16(at, little)
        : width === 4
          ? data.getUint32(at, little)
          : Number(data.getBigUint64(at, little));
  const values = (entry: DataView, at: number): readonly number[] => {
    const width = WIDTHS[entry.getUint16(at + 2, little)];
    const count = number(entry, at + 4, offsetBytes);
    if (width === undefined || count === 0) return [];
    const taken = Math.min(count, MAX_VALUES);
    const inside = count * width <= offsetBytes;
    const place = at + 4 + offsetBytes;
    const data = inside ? entry : read(number(entry, place, offsetBytes), taken * width);
    return Array.from({ length: taken }, (_, i) => number(data, (inside ? place : 0) + i * width, width));
  };
  /** Shorter ones than an offset lie in their entry, and say nothing of use. */
  const textAt = (entry: DataView, at: number): Extent | null => {
    const count = number(entry, at + 4, offsetBytes);
    if (entry.getUint16(at + 2, little) !== ASCII || count <= offsetBytes) return null;
    return { at: number(entry, at + 4 + offsetBytes, offsetBytes), count: Math.min(count, MAX_TEXT) };
  };
  const wanted: ReadonlySet<number> = new Set(Object.values(TAG));
  return {
    start: number(read(isBig ? 8 : 4, offsetBytes), 0, offsetBytes),
    directory: (at) => {
      const count = number(read(at, countBytes), 0, countBytes);
      if (count === 0 || count > MAX_ENTRIES) throw new Error(`damaged TIFF: a directory of ${count} entries`);
      const body = read(at + countBytes, count * entryBytes + offsetBytes);
      const tags = new Map<number, readonly number[]>();
      let description: Extent | null = null;
      for (let i = 0; i < count; i++) {
        const tag = body.getUint16(i * entryBytes, little);
        if (tag === TAG.description) description = textAt(body, i * entryBytes);
        else if (wanted.has(tag)) tags.set(tag, values(body, i * entryBytes));
      }
      return { tags, description, next: number(body, count * entryBytes, offsetBytes) };
    },
    text: (place) => (place === null ? '' : new TextDecoder().decode(view(place.at, place.count))),
  };
}
