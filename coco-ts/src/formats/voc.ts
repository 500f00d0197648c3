import { CocoError } from '../errors.js';
import { escaped, shown } from '../shown.js';
import type { ImageRecord } from './record.js';

/** How boxes of VOC files count pixels. */
export interface VocPixels {
  /** Read xmin as the first and xmax as the last pixel, counted from 1, as the VOC devkit means them. Default: plain coordinates. */
  readonly inclusive?: boolean;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
/** Line ends and tabs of a name survive as character references; other control characters no XML may hold. */
const REFERENCE = /&(?:(amp|lt|gt|quot|apos)|#(\d{1,7})|#x([0-9a-f]{1,6}));/gi;
const decodeEntities = (text: string): string =>
  text.replace(REFERENCE, (whole: string, name?: string, decimal?: string, hexadecimal?: string) => {
    if (name !== undefined) return ENTITIES[name.toLowerCase()]!;
    const point = decimal === undefined ? Number.parseInt(hexadecimal!, 16) : Number(decimal);
    return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : whole;
  });
const encodeEntities = (text: string): string =>
  text
    .replace(/[&<>"]/g, (c) => `&${Object.keys(ENTITIES).find((name) => ENTITIES[name] === c)};`)
    .split(/([\t\n\r])/)
    .map((part) => (/^[\t\n\r]$/.test(part) ? `&#${part.charCodeAt(0)};` : escaped(part)))
    .join('');

/** The text of the first element of that name, from position `from` on. */
function element(xml: string, tag: string, from = 0): string | undefined {
  const open = xml.indexOf(`<${tag}>`, from);
  const close = open < 0 ? -1 : xml.indexOf(`</${tag}>`, open);
  return close < 0 ? undefined : xml.slice(open + tag.length + 2, close).trim();
}

function* elements(xml: string, tag: string): Generator<string> {
  for (let from = 0; ; ) {
    const open = xml.indexOf(`<${tag}>`, from);
    const close = open < 0 ? -1 : xml.indexOf(`</${tag}>`, open);
    if (close < 0) return;
    yield xml.slice(open + tag.length + 2, close);
    from = close + tag.length + 3;
  }
}

/** The text without its elements of that name. */
function without(xml: string, tag: string): string {
  let out = '';
  for (let from = 0; ; ) {
    const open = xml.indexOf(`<${tag}>`, from);
    const close = open < 0 ? -1 : xml.indexOf(`</${tag}>`, open);
    if (close < 0) return out + xml.slice(from);
    out += xml.slice(from, open);
    from = close + tag.length + 3;
  }
}

/** Reads one PASCAL VOC annotation. @param name of the file, for errors and where it names no image */
export function readVoc(xml: string, name: string, { inclusive = false }: VocPixels = {}): ImageRecord {
  const number = (within: string, tag: string): number => {
    const value = Number(element(within, tag) ?? 'absent');
    if (!Number.isFinite(value))
      throw new CocoError(
        `${shown(name)}: <${tag}> is ${shown(element(within, tag) ?? 'missing')}, a number is needed`,
        'ValueError',
      );
    return value;
  };
  const size = element(xml, 'size') ?? '';
  const shift = inclusive ? 1 : 0;
  return {
    file: decodeEntities(element(xml, 'filename') ?? name.replace(/\.xml$/, '.jpg')),
    width: number(size, 'width'),
    height: number(size, 'height'),
    objects: [...elements(xml, 'object')].map((object) => {
      // Parts of an object have boxes of their own.
      const own = without(object, 'part');
      const box = element(own, 'bndbox') ?? '';
      const [x, y] = [number(box, 'xmin') - shift, number(box, 'ymin') - shift];
      return {
        name: decodeEntities(element(own, 'name') ?? ''),
        bbox: [x, y, number(box, 'xmax') - x, number(box, 'ymax') - y],
        difficult: element(own, 'difficult') === '1',
      };
    }),
  };
}

/** Writes one PASCAL VOC annotation. */
export function writeVoc(record: ImageRecord, { inclusive = false }: VocPixels = {}): string {
  const shift = inclusive ? 1 : 0;
  const objects = record.objects.map(({ name, bbox: [x, y, w, h], difficult }) => {
    const sides = [
      `<xmin>${x! + shift}</xmin>`,
      `<ymin>${y! + shift}</ymin>`,
      `<xmax>${x! + w!}</xmax>`,
      `<ymax>${y! + h!}</ymax>`,
    ].join('');
    return `  <object><name>${encodeEntities(name)}</name><difficult>${difficult ? 1 : 0}</difficult><bndbox>${sides}</bndbox></object>`;
  });
  const size = `  <size><width>${record.width}</width><height>${record.height}</height><depth>3</depth></size>`;
  return [
    '<annotation>',
    `  <filename>${encodeEntities(record.file)}</filename>`,
    size,
    ...objects,
    '</annotation>',
    '',
  ].join('\n');
}
