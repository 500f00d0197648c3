/** What the markers before the first scan declare. */
export interface JpegHeader {
  /** As stored, before orientation. */
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 colour, 4 CMYK. */
  readonly components: number;
  /** EXIF orientation 1..8; 1 where absent or invalid. */
  readonly orientation: number;
  /** Offset of the first scan. */
  readonly scan: number;
}

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/**
 * Reads the markers up to the first scan.
 *
 * @returns null when `bytes` end before it
 * @throws Error saying what is wrong
 * @source ITU-T T.81, annex B
 */
export function readJpegHeader(bytes: Uint8Array): JpegHeader | null {
  let frame: { width: number; height: number; components: number } | null = null;
  let orientation = 1;
  for (let at = 2; at + 4 <= bytes.length; ) {
    if (bytes[at] !== 0xff) {
      at++; // stray bytes between segments are skipped, as every decoder does
      continue;
    }
    const marker = bytes[at + 1] as number;
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (marker === 0xd9) throw new Error('damaged JPEG: it ends before any image data');
    if (marker === 0xda) {
      if (frame === null) throw new Error('damaged JPEG: no frame header');
      return { ...frame, orientation, scan: at };
    }
    const length = word(bytes, at + 2);
    if (length < 2) throw new Error('damaged JPEG: a segment of impossible length');
    if (at + 2 + length > bytes.length) return null;
    const body = bytes.subarray(at + 4, at + 2 + length);
    if (isFrame(marker)) frame = readFrame(body);
    if (marker === 0xe1) orientation = exifSegment(body) ?? orientation;
    at += 2 + length;
  }
  return null;
}

/**
 * The bytes with an end-of-image marker, which some cameras leave out: whole image data are read without a warning then,
 * and image data that were cut are not.
 */
export function withEndOfImage(bytes: Uint8Array): Uint8Array {
  const ended = new Uint8Array(bytes.length + 2);
  ended.set(bytes);
  ended.set([0xff, 0xd9], bytes.length);
  return ended;
}

/** Whether an end-of-image marker follows the first scan. */
export function hasEndOfImage(bytes: Uint8Array, scan: number): boolean {
  for (let at = bytes.length - 2; at > scan; at--) {
    if (bytes[at] === 0xff && bytes[at + 1] === 0xd9) return true;
  }
  return false;
}

/**
 * Orientation tag of a TIFF structure (EXIF's body).
 *
 * @returns 1..8, null where absent, invalid or damaged
 * @source Exif 2.32, 4.6.4 A, tag 0x0112
 */
export function exifOrientation(tiff: Uint8Array): number | null {
  if (tiff.length < 14) return null;
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return null;
  const little = order === 0x4949;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return null;
  const entries = view.getUint16(directory, little);
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * 12;
    if (entry + 12 > tiff.length) return null;
    if (view.getUint16(entry, little) !== 0x0112) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : null;
  }
  return null;
}

function exifSegment(body: Uint8Array): number | null {
  const name = [0x45, 0x78, 0x69, 0x66, 0, 0];
  return name.every((byte, i) => body[i] === byte) ? exifOrientation(body.subarray(6)) : null;
}

/** SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

function readFrame(body: Uint8Array): { width: number; height: number; components: number } {
  if (body.length < 6) throw new Error('damaged JPEG: frame header too short');
  const [height, width, components] = [word(body, 1), word(body, 3), body[5] as number];
  if (width === 0 || height === 0) throw new Error(`damaged JPEG: it declares ${width}x${height} pixels`);
  return { width, height, components };
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
