import { DataError } from '../../engine/errors.js';
import { readXml } from './xml.js';

/** One object as written: 1-based pixels, both corners inclusive; NaN where a number is missing. */
export interface VocObject {
  /** Null: it has none. */
  readonly name: string | null;
  readonly difficult: boolean;
  readonly xmin: number;
  readonly ymin: number;
  readonly xmax: number;
  readonly ymax: number;
  /** x0 y0 x1 y1 ... as Roboflow writes them; empty: none. */
  readonly polygon: readonly number[];
}

export interface VocAnnotation {
  /** Null: the file names no image. */
  readonly filename: string | null;
  /** null where the file states none (or 0). */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly objects: readonly VocObject[];
}

const FIELDS = new Set(['name', 'difficult', 'bndbox/xmin', 'bndbox/ymin', 'bndbox/xmax', 'bndbox/ymax']);
const POINT = /^polygon\/([xy])(\d+)$/;

/**
 * Reads a PASCAL VOC annotation. Document types, and with them entities, are refused.
 *
 * @throws DataError naming the file: no XML, or no annotation
 * @source Everingham et al. 2010, The PASCAL VOC challenge; VOC2012 development kit, 8.3
 */
export function parseVocXml(xml: string, file: string): VocAnnotation {
  const objects: VocObject[] = [];
  const size = new Map<string, string>();
  let filename: string | null = null;
  let fields = new Map<string, string>();
  readXml(xml, file, {
    open: (path) => {
      if (path.length === 1 && path[0] !== 'annotation') {
        throw new DataError(file, `is a <${path[0]}> file, a VOC <annotation> is expected`);
      }
      if (path.length === 2 && path[1] === 'object') fields = new Map();
    },
    close: (path, text) => {
      const inner = path.slice(2).join('/');
      if (path.length === 2 && path[1] === 'filename') filename = text;
      if (path[1] === 'size' && path.length === 3) size.set(inner, text);
      if (path[1] !== 'object') return;
      if (FIELDS.has(inner) || POINT.test(inner)) fields.set(inner, text);
      if (path.length === 2) objects.push(toObject(fields));
    },
  });
  const [width, height] = [Number(size.get('width') ?? 0), Number(size.get('height') ?? 0)];
  return { filename, size: width > 0 && height > 0 ? { width, height } : null, objects };
}

function toObject(fields: ReadonlyMap<string, string>): VocObject {
  const number = (key: string): number => {
    const written = fields.get(key) ?? '';
    return written === '' ? Number.NaN : Number(written);
  };
  return {
    name: fields.get('name') || null,
    difficult: fields.get('difficult') === '1',
    xmin: number('bndbox/xmin'),
    ymin: number('bndbox/ymin'),
    xmax: number('bndbox/xmax'),
    ymax: number('bndbox/ymax'),
    polygon: polygonOf(fields),
  };
}

function polygonOf(fields: ReadonlyMap<string, string>): number[] {
  const points: number[] = [];
  for (let i = 1; fields.has(`polygon/x${i}`) && fields.has(`polygon/y${i}`); i++) {
    points.push(Number(fields.get(`polygon/x${i}`)), Number(fields.get(`polygon/y${i}`)));
  }
  return points.length >= 6 && points.every(Number.isFinite) ? points : [];
}
