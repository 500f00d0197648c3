import { CocoError } from '../errors.js';
import { escaped, shown } from '../shown.js';
import type { ImageRecord } from './record.js';
import { readXml } from './xml.js';

/** How boxes of VOC files count pixels. */
export interface VocPixels {
  /** Read xmin as the first and xmax as the last pixel, counted from 1, as the VOC devkit means them. Default: plain coordinates. */
  readonly inclusive?: boolean;
}

/** One object as written, NaN where a number is missing or none. */
export interface VocObject {
  /** Null: it has none. */
  readonly name: string | null;
  readonly difficult: boolean;
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
  /** x1 y1 x2 y2 ..., as some tools write them; empty: none. */
  readonly polygon: readonly number[];
}

/** An annotation file as written. */
export interface VocAnnotation {
  /** Null: the file names no image. */
  readonly filename: string | null;
  /** Pixels; NaN where one is missing. */
  readonly width: number;
  readonly height: number;
  readonly objects: readonly VocObject[];
}

const numberOf = (text = ''): number => (text === '' ? Number.NaN : Number(text));

/**
 * Reads a PASCAL VOC annotation as it is written: text, or bytes in the encoding that they declare. Parts of objects, which have boxes of
 * their own, are passed over.
 *
 * @param name of the file, for errors
 * @throws CocoError for what `readXml` refuses, and another root element
 * @source Everingham et al. 2010, The PASCAL VOC challenge; VOC2012 development kit, 8.3
 */
export function parseVoc(xml: string | Uint8Array, name: string): VocAnnotation {
  const head = new Map<string, string>();
  const objects: VocObject[] = [];
  let fields = new Map<string, string>();
  let points: number[] = [];
  readXml(xml, name, {
    open(path) {
      if (path.length === 1 && path[0] !== 'annotation')
        throw new CocoError(
          `${shown(name)}: is a <${shown(path[0])}> file, a VOC <annotation> is expected`,
          'ValueError',
        );
      if (path.length !== 2) return;
      fields = new Map();
      points = [];
    },
    close(path, text) {
      if (path[1] !== 'object') {
        const key = path.slice(1).join('/');
        if (!head.has(key)) head.set(key, text);
      } else if (path.length === 2) objects.push(objectOf(fields, points));
      else if (path[3] === 'pt' && path.length === 5)
        points.push(numberOf(text)); // LabelMe of the web: x, then y
      else if (!fields.has(path.slice(2).join('/'))) fields.set(path.slice(2).join('/'), text);
    },
  });
  return {
    filename: head.get('filename') ?? null,
    width: numberOf(head.get('size/width')),
    height: numberOf(head.get('size/height')),
    objects,
  };
}

function objectOf(fields: ReadonlyMap<string, string>, points: readonly number[]): VocObject {
  const polygon = [...points];
  for (let i = 1; fields.has(`polygon/x${i}`) && fields.has(`polygon/y${i}`); i++)
    polygon.push(numberOf(fields.get(`polygon/x${i}`)), numberOf(fields.get(`polygon/y${i}`)));
  const side = (key: string): number => numberOf(fields.get(`bndbox/${key}`));
  return {
    name: fields.get('name') || null,
    difficult: fields.get('difficult') === '1',
    xmin: side('xmin'),
    ymin: side('ymin'),
    xmax: side('xmax'),
    ymax: side('ymax'),
    polygon: polygon.length >= 6 && polygon.length % 2 === 0 && polygon.every(Number.isFinite) ? polygon : [],
  };
}

/**
 * `parseVoc` as a record with boxes x, y, width, height.
 * @param name of the file, for errors and where it names no image
 * @throws CocoError as `parseVoc`, and where a side or a coordinate is no number
 */
export function readVoc(xml: string | Uint8Array, name: string, { inclusive = false }: VocPixels = {}): ImageRecord {
  const { filename, objects, ...sides } = parseVoc(xml, name);
  const number = (values: object, key: string): number => {
    const value: unknown = values[key as keyof typeof values];
    if (Number.isFinite(value)) return value as number;
    throw new CocoError(`${shown(name)}: <${key}> is missing or no number`, 'ValueError');
  };
  const shift = inclusive ? 1 : 0;
  return {
    file: filename ?? name.replace(/\.xml$/, '.jpg'),
    width: number(sides, 'width'),
    height: number(sides, 'height'),
    objects: objects.map((object) => {
      const [x, y] = [number(object, 'xmin') - shift, number(object, 'ymin') - shift];
      const bbox = [x, y, number(object, 'xmax') - x, number(object, 'ymax') - y];
      return { name: object.name ?? '', bbox, difficult: object.difficult };
    }),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Line ends and tabs survive as character references; other control characters no XML may hold. */
const encodeEntities = (text: string): string =>
  text
    .replace(/[&<>"]/g, (c) => ESCAPES[c]!)
    .split(/([\t\n\r])/)
    .map((part) => (/^[\t\n\r]$/.test(part) ? `&#${part.charCodeAt(0)};` : escaped(part)))
    .join('');

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
