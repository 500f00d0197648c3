import { JsonError } from '../errors.js';
import { parseJson } from '../json.js';
import { kernels } from '../wasm/kernels.js';
import { WINDOW_BYTES } from '../wasm/layout.js';
import { RowScanner } from '../wasm/scanner.js';
import { scanAnnotations, scanNext } from './annotations.js';
import { INCOMPLETE, UNSCANNABLE } from './number.js';
import { type ByteSource, Window } from './source.js';
import { AnnotationTable, HAS } from './table.js';
import { expectByte, skipString, skipValue } from './value.js';

/** Bytes [begin, begin + length) of a source. */
export interface Range {
  readonly begin: number;
  readonly length: number;
}

/** A COCO file as columns and byte ranges: nothing of it is an object yet. */
export interface ScannedDataset {
  readonly source: ByteSource;
  readonly annotations: AnnotationTable | null;
  readonly imageIds: Float64Array | null;
  /** Where the value of every key of the file stands, in file order. */
  readonly ranges: ReadonlyMap<string, Range>;
}

/** Scanned text holds a value that fits no column (an id that is a string, say): read the file as objects instead. */
export type Unscannable = 'unscannable';

/** Scans a COCO file in one pass. @throws JsonError where it is no JSON */
export function scanDataset(source: ByteSource): ScannedDataset | Unscannable {
  const window = new Window(source);
  const ranges = new Map<string, Range>();
  let annotations: AnnotationTable | null = null;
  let imageIds: Float64Array | null = null;
  return guarded(window, () => {
    const p = opening(window, 123);
    if (p < 0) return 'unscannable';
    const end = eachMember(window, p, (key, at) => {
      const begin = window.base + at;
      const list = window.bytes[at] === 91;
      let behind: number;
      if (key === 'annotations' && list) {
        annotations = new AnnotationTable();
        behind = scanList(window, at + 1, annotations);
      } else if (key === 'images' && list) {
        const { end, ids } = scanIds(window, at + 1);
        behind = end;
        imageIds = ids;
      } else behind = step(window, at, skipValue);
      ranges.set(key, { begin, length: window.base + behind - begin });
      return behind;
    });
    ending(window, end);
    return { source, annotations, imageIds, ranges };
  });
}

/** Scans a list of results, or an object with one as `annotations`, in one pass; their compressed masks are kept. */
export function scanResults(source: ByteSource): AnnotationTable | Unscannable {
  const window = new Window(source);
  return guarded(window, () => {
    const table = new AnnotationTable(true);
    const list = opening(window, 91);
    if (list >= 0) {
      ending(window, scanList(window, list, table));
      return table;
    }
    const p = opening(window, 123);
    if (p < 0) return 'unscannable';
    let lists = 0;
    const end = eachMember(window, p, (key, at) => {
      if (key !== 'annotations' || window.bytes[at] !== 91) return step(window, at, skipValue);
      lists++;
      return scanList(window, at + 1, table);
    });
    if (lists !== 1) return 'unscannable';
    ending(window, end);
    return table;
  });
}

/**
 * Goes through the members of an object, from behind its brace on.
 * @param visit gets the key and the position of the value, and returns the position behind it
 * @returns the position behind the object
 */
function eachMember(window: Window, start: number, visit: (key: string, p: number) => number): number {
  let p = window.skipBlank(start);
  if (window.bytes[p] === 125) return p + 1;
  for (;;) {
    let key = '';
    p = step(window, p, (b, at) => {
      if (b[at] !== 34) expectByte(b, at, 34);
      const end = skipString(b, at);
      key = String(parseJson(new TextDecoder().decode(b.subarray(at, end))));
      return end;
    });
    p = window.skipBlank(step(window, window.skipBlank(p), (b, at) => expectByte(b, at, 58)));
    p = window.skipBlank(visit(key, p));
    if (window.bytes[p] === 125) return p + 1;
    p = window.skipBlank(step(window, p, (b, at) => expectByte(b, at, 44)));
  }
}

/** Turns positions inside the window into positions of the file, and values without a column into 'unscannable'. */
function guarded<T>(window: Window, scan: () => T): T | Unscannable {
  try {
    return scan();
  } catch (error) {
    if (error === UNSCANNABLE) return 'unscannable';
    if (error === INCOMPLETE) {
      const end = window.base + window.length;
      throw new JsonError(end === 0 ? 'the file is empty' : 'the text ends inside a value', end);
    }
    if (error instanceof JsonError) throw new JsonError(error.reason, window.base + error.position);
    throw error;
  }
}

/** The position after the opening bracket; -1 when the text starts with something else. */
function opening(window: Window, bracket: number): number {
  const p = window.skipBlank(0);
  return window.bytes[p] === bracket ? p + 1 : -1;
}

function ending(window: Window, p: number): void {
  let at = p;
  for (;;) {
    while (window.bytes[at]! <= 32) at++;
    if (at < window.length) throw new JsonError('unexpected text after the end', at);
    if (!window.advance(at)) return;
    at = 0;
  }
}

/** Runs one reading step, again with more bytes while they end inside it. Positions move with the window. */
function step(window: Window, p: number, read: (b: Uint8Array, p: number) => number): number {
  let at = p;
  for (;;) {
    try {
      return read(window.bytes, at);
    } catch (error) {
      if (error !== INCOMPLETE || !window.advance(at)) throw error;
      at = 0;
    }
  }
}

/** Plain rows go to WebAssembly, where there is one, the others are looked at one by one. */
function scanList(window: Window, p: number, table: AnnotationTable): number {
  const module = kernels();
  const scanner = module && new RowScanner(module, table, window.base + p, window.source.length);
  let at = p;
  for (;;) {
    if (scanner === null || !window.shared) {
      const end = scanAnnotations(window.bytes, window.view, at, window.base, table);
      if (end >= 0) return end;
      at = -1 - end;
    } else {
      at = scanner.scan(at, window.base);
      if (scanner.ended) return at;
      // Mostly the window ends here. Where it does not, moving it for every row that is not plain would take longer than the rows.
      if (at > WINDOW_BYTES / 2 && window.advance(at)) {
        at = 0;
        continue;
      }
      try {
        at = scanNext(window.bytes, window.view, at, window.base, table);
        if (at < 0) return -at;
        continue;
      } catch (error) {
        if (error !== INCOMPLETE) throw error;
      }
    }
    if (!window.advance(at)) throw INCOMPLETE;
    at = 0;
  }
}

/** The ids of a list of objects, each of which must have one. */
function scanIds(window: Window, p: number): { end: number; ids: Float64Array } {
  const table = new AnnotationTable();
  const end = scanList(window, p, table);
  const { has, count } = table;
  for (let row = 0; row < count; row++) if (!(has[row]! & HAS.id)) throw UNSCANNABLE;
  return { end, ids: table.id.slice(0, count) };
}
