/** What a file is by its first bytes, beside JPEG, PNG, TIFF, BMP, GIF and PNM. */
export interface FileKind {
  /** With its article, for messages. */
  readonly name: string;
  /** sharp may read it. */
  readonly readable: boolean;
}

const READABLE: readonly Mark[] = [
  ['WEBP', 8, 'a WebP image'],
  ['ftypavi', 4, 'an AVIF image'],
  ...['ftyphe', 'ftypmif1', 'ftypmsf1'].map((mark): Mark => [mark, 4, 'a HEIC photo']),
];
const OTHERS: readonly Mark[] = [
  ['JXL ', 4, 'a JPEG XL image'],
  ['8BPS', 0, 'a Photoshop file'],
  ['DICM', 128, 'a DICOM file'],
  ['%PDF', 0, 'a PDF document'],
  ['\u001f\u008b', 0, 'a gzip file'],
  ['PK\u0003\u0004', 0, 'a zip archive'],
  ['version https://git-lfs', 0, 'a pointer of Git LFS whose file was not fetched'],
];
const TEXTS: readonly (readonly [start: RegExp, name: string])[] = [
  [/^P7\s/, 'a PAM image'],
  [/^\s*(<\?xml[^>]*>\s*)?<svg/i, 'an SVG drawing'],
  [/^\s*<(!doctype\s+html|html|head|body)/i, 'an HTML page, perhaps of a failed download'],
];
const HEAD_BYTES = 512;

type Mark = readonly [mark: string, at: number, name: string];

export function kindOf(bytes: Uint8Array): FileKind | null {
  const text = String.fromCharCode(...bytes.subarray(0, HEAD_BYTES));
  const has = ([mark, at]: Mark): boolean => text.startsWith(mark, at);
  const readable = READABLE.find(has)?.[2];
  if (readable !== undefined) return { name: readable, readable: true };
  const name = OTHERS.find(has)?.[2] ?? TEXTS.find(([start]) => start.test(text))?.[1];
  return name === undefined ? null : { name, readable: false };
}
