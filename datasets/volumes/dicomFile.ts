import { inflateRawSync } from 'node:zlib';
import dicomParser, { type DataSet } from 'dicom-parser';

/** Bytes that a deflated file may unpack to: small ones may be packed well, a few bytes make no millions of elements. */
const mostInflated = (packed: number): number => Math.min(2 ** 30, Math.max(2 ** 26, 30 * packed));

export const isDicom = (bytes: Uint8Array): boolean =>
  bytes[128] === 0x44 && bytes[129] === 0x49 && bytes[130] === 0x43 && bytes[131] === 0x4d;

/** The data set without reading pixels. Tags that name a patient are not looked at. */
export function parseDicom(bytes: Uint8Array): DataSet {
  try {
    return dicomParser.parseDicom(bytes, {
      inflater: (packed: Uint8Array, position: number) => {
        const rest = inflateRawSync(packed.subarray(position), { maxOutputLength: mostInflated(packed.length) });
        const whole = new Uint8Array(position + rest.length);
        whole.set(packed.subarray(0, position));
        whole.set(rest, position);
        return whole;
      },
    });
  } catch (error) {
    const problem = typeof error === 'string' ? error : error instanceof Error ? error.message : 'it is damaged';
    throw new Error(`cannot be parsed (${problem.replace(/^dicomParser\.\S*\s?/, '').slice(0, 120)})`);
  }
}

/** The numbers of a text such as 1\\2; []: absent, or no numbers. */
export function numbersOf(data: DataSet | undefined, tag: string): readonly number[] {
  const text = data?.string(tag);
  const found = (text ?? '').split('\\').map(Number);
  return text !== undefined && found.every(Number.isFinite) ? found : [];
}

/** Encodings of texts by what a file calls them; others are read as Latin-1. @source DICOM PS3.3, C.12.1.1.2 */
const ENCODINGS: { readonly [charset: string]: string } = {
  'ISO_IR 192': 'utf-8',
  'ISO_IR 101': 'iso-8859-2',
  'ISO_IR 109': 'iso-8859-3',
  'ISO_IR 110': 'iso-8859-4',
  'ISO_IR 144': 'iso-8859-5',
  'ISO_IR 127': 'iso-8859-6',
  'ISO_IR 126': 'iso-8859-7',
  'ISO_IR 138': 'iso-8859-8',
  'ISO_IR 13': 'shift_jis',
  GB18030: 'gb18030',
  GBK: 'gbk',
};

/** Reads texts of a file and of its items in the letters that the file says; '': absent. */
export function textsOf(file: DataSet): (data: DataSet, tag: string) => string {
  const decoder = new TextDecoder(ENCODINGS[file.string('x00080005')?.trim() ?? ''] ?? 'latin1');
  return (data, tag) => {
    const element = data.elements[tag];
    if (element === undefined) return '';
    const { dataOffset, length } = element;
    return decoder
      .decode(data.byteArray.subarray(dataOffset, dataOffset + length))
      .replace(/\0.*$/s, '')
      .trim();
  };
}

/** An item of a sequence, by default the first. */
export const itemOf = (data: DataSet | undefined, tag: string, at = 0): DataSet | undefined =>
  data?.elements[tag]?.items?.[at]?.dataSet;
