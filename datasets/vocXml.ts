import { SaxesParser } from 'saxes';
import { DataError } from '../engine/errors.js';

/** One object as written: 1-based pixels, both corners inclusive. */
export interface VocObject {
  readonly name: string;
  readonly difficult: boolean;
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
}

export interface VocAnnotation {
  /** null where the file states none (or 0). */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly objects: readonly VocObject[];
}

const MAX_DEPTH = 32;
const MAX_TEXT = 10_000;
const FIELDS = new Set(['name', 'difficult', 'bndbox/xmin', 'bndbox/ymin', 'bndbox/xmax', 'bndbox/ymax']);

/**
 * Reads a PASCAL VOC annotation. Document types, and with them entities, are refused.
 *
 * @throws DataError naming the file: no XML, no annotation, a coordinate missing or no number
 * @source Everingham et al. 2010, The PASCAL VOC challenge; VOC2012 development kit, 8.3
 */
export function parseVocXml(xml: string, file: string): VocAnnotation {
  const objects: VocObject[] = [];
  const size = new Map<string, string>();
  let object: Map<string, string> | null = null;
  let text = '';
  const path: string[] = [];
  const fail = (problem: string): never => {
    throw new DataError(file, problem);
  };
  const parser = new SaxesParser();
  parser.on('error', (error) => fail(`not well-formed XML: ${error.message.split('\n')[0]}`));
  parser.on('doctype', () => fail('has a document type declaration, which annotations may not have: remove it'));
  parser.on('opentag', ({ name }) => {
    path.push(name);
    if (path.length > MAX_DEPTH) fail(`elements nested deeper than ${MAX_DEPTH}`);
    if (path.length === 1 && name !== 'annotation') fail(`is a <${name}> file, a VOC <annotation> is expected`);
    if (path.length === 2 && name === 'object') object = new Map();
    text = '';
  });
  const collect = (part: string): void => {
    text += part;
    if (text.length > MAX_TEXT) fail(`<${path.join('/')}> holds more than ${MAX_TEXT} characters`);
  };
  parser.on('text', collect);
  parser.on('cdata', collect);
  parser.on('closetag', () => {
    const inner = path.slice(2).join('/');
    if (path[1] === 'size' && path.length === 3) size.set(inner, text.trim());
    if (object !== null && FIELDS.has(inner)) object.set(inner, text.trim());
    if (object !== null && path.length === 2) {
      objects.push(toObject(object, objects.length, file));
      object = null;
    }
    path.pop();
    text = '';
  });
  parser.write(xml.startsWith('\uFEFF') ? xml.slice(1) : xml).close();
  const [width, height] = [Number(size.get('width') ?? 0), Number(size.get('height') ?? 0)];
  return { size: width > 0 && height > 0 ? { width, height } : null, objects };
}

function toObject(fields: ReadonlyMap<string, string>, index: number, file: string): VocObject {
  const name = fields.get('name');
  if (name === undefined || name === '') throw new DataError(file, `object ${index} has no name`);
  const coordinate = (corner: string): number => {
    const written = fields.get(`bndbox/${corner}`);
    if (written === undefined) throw new DataError(file, `object ${index} ('${name}') has no ${corner}`);
    if (written === '' || !Number.isFinite(Number(written))) {
      throw new DataError(
        file,
        `object ${index} ('${name}') has ${corner} '${written.slice(0, 40)}', a number is expected`,
      );
    }
    return Number(written);
  };
  return {
    name,
    difficult: fields.get('difficult') === '1',
    xmin: coordinate('xmin'),
    ymin: coordinate('ymin'),
    xmax: coordinate('xmax'),
    ymax: coordinate('ymax'),
  };
}
