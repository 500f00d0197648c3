import { valueAt } from '../checked.js';
import { CocoError } from '../errors.js';
import { shown } from '../shown.js';

/** Hears the elements of an XML text in order; `path` leads from the root to the element, names in small letters. */
export interface XmlHandler {
  open?(path: readonly string[], attributes: { readonly [name: string]: string }): void;
  /** @param text of the element itself, trimmed */
  close?(path: readonly string[], text: string): void;
}

/** Most elements in one another. */
const MAX_DEPTH = 32;

const NAME = /[\p{L}_:][\p{L}\p{M}\p{N}_:.-]*/uy;
const ATTRIBUTE = /\s+([\p{L}_:][\p{L}\p{M}\p{N}_:.-]*)\s*=\s*(?:"([^<"]*)"|'([^<']*)')/uy;
const TAG_END = /\s*(\/?)>/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const ENTITIES: ReadonlyMap<string, string> = new Map(
  Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }),
);

/**
 * Reads an XML document without keeping it as a tree. There are the five entities of XML and no others: document types, with which
 * entities are declared and other files named, are refused, so that no text is longer than the document.
 *
 * @param name of the document, for errors
 * @throws CocoError for what is not well-formed, bytes in no known encoding, a document type, elements nested deeper than 32
 * @source W3C, Extensible Markup Language 1.0, fifth edition
 */
export function readXml(document: string | Uint8Array, name: string, handler: XmlHandler): void {
  const text = typeof document === 'string' ? document.replace(/^\ufeff/, '') : decodeXml(document, name);
  const xml = text.replace(/\r\n?/g, '\n');
  const refuse = (problem: string): never => {
    throw new CocoError(`${shown(name)}: ${problem}`, 'ValueError');
  };
  const fail = (at: number, problem: string): never => {
    const lines = xml.slice(0, at).split('\n');
    return refuse(`not well-formed XML: line ${lines.length}, column ${lines.at(-1)!.length + 1}: ${problem}`);
  };
  const forbidden = xml.search(FORBIDDEN);
  if (forbidden >= 0) fail(forbidden, 'a control character');
  const path: string[] = [];
  const open: { readonly tag: string; text: string }[] = [];
  let p = 0;
  let roots = 0;

  const matched = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = p;
    const found = pattern.exec(xml);
    if (found !== null) p = pattern.lastIndex;
    return found;
  };
  const decoded = (text: string, at: number): string =>
    text.replace(/&([^;&]*);?/g, (whole: string, entity: string) => {
      const [, decimal, hexadecimal] = /^#(?:(\d+)|x([\da-f]+))$/i.exec(entity) ?? [];
      const point = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
      const character = point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : ENTITIES.get(entity);
      if (character === undefined || FORBIDDEN.test(character) || !whole.endsWith(';'))
        return fail(at, `${shown(whole.slice(0, 20))} is no entity`);
      return character;
    });
  const addText = (text: string, at: number): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
    else if (text.trim() !== '') fail(at, 'text outside of the element');
  };
  /** Steps behind `end`. @returns what stands before it */
  const until = (begin: number, end: string): string => {
    const at = xml.indexOf(end, begin);
    if (at < 0) fail(p, `${end} is missing`);
    p = at + end.length;
    return xml.slice(begin, at);
  };
  const close = (): void => {
    // White space that is written as references stays.
    const text = decoded(open.pop()!.text.trim(), p);
    handler.close?.(path, text);
    path.pop();
  };
  const openTag = (at: number): void => {
    const tag = matched(NAME)?.[0] ?? fail(at, 'a < that begins no element');
    const attributes: Record<string, string> = {};
    for (let found = matched(ATTRIBUTE); found !== null; found = matched(ATTRIBUTE)) {
      if (Object.hasOwn(attributes, valueAt(found, 1))) fail(at, `two attributes ${shown(found[1])}`);
      Object.defineProperty(attributes, valueAt(found, 1), {
        value: decoded(found[2] ?? valueAt(found, 3), found.index),
        enumerable: true,
      });
    }
    const end = matched(TAG_END) ?? fail(p, `<${shown(tag)}> does not end`);
    if (open.length === 0 && roots++ > 0) fail(at, 'a second element beside the first');
    if (open.push({ tag, text: '' }) > MAX_DEPTH) refuse(`elements nested deeper than ${MAX_DEPTH}`);
    path.push(tag.toLowerCase());
    handler.open?.(path, attributes);
    if (end[1] === '/') close();
  };

  while (p < xml.length) {
    const at = xml.indexOf('<', p);
    const text = xml.slice(p, at < 0 ? xml.length : at);
    addText(text, p);
    if (at < 0) break;
    p = at;
    if (xml.startsWith('<!--', at)) until(at + 4, '-->');
    else if (xml.startsWith('<![CDATA[', at)) addText(until(at + 9, ']]>').replaceAll('&', '&amp;'), at);
    else if (xml.startsWith('<!DOCTYPE', at))
      refuse('has a document type declaration, which annotations may not have: remove it');
    else if (xml.startsWith('<?', at)) until(at + 2, '?>');
    else if (xml.startsWith('</', at)) {
      const tag = until(at + 2, '>').trimEnd();
      const expected = open.at(-1)?.tag;
      if (tag !== expected)
        fail(at, `</${shown(tag)}> closes ${expected === undefined ? 'nothing' : `<${shown(expected)}>`}`);
      close();
    } else {
      p = at + 1;
      openTag(at);
    }
  }
  if (open.length > 0) fail(xml.length, `<${shown(open.at(-1)!.tag)}> is not closed`);
  if (roots === 0) fail(xml.length, 'there is no element');
}

/** Encodings by the first bytes: byte order marks, and `<?` in UTF-16. */
const STARTS: readonly (readonly [string, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
  ['utf-16le', [0x3c, 0, 0x3f, 0]],
  ['utf-16be', [0, 0x3c, 0, 0x3f]],
];

/** The text of an XML document: in the encoding that its first bytes show, or that it declares, or UTF-8. */
function decodeXml(bytes: Uint8Array, name: string): string {
  const shownBy = STARTS.find(([, start]) => start.every((byte, i) => bytes[i] === byte))?.[0];
  const head = String.fromCharCode(...bytes.subarray(0, 200));
  const declared = /^<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(head)?.[1];
  // Bytes that begin as ASCII are not UTF-16, whatever they say.
  const encoding =
    shownBy ?? (declared === undefined || /^(utf-?16|ucs|iso-10646)/i.test(declared) ? 'utf-8' : declared);
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    const why =
      error instanceof RangeError ? `its encoding ${shown(encoding)} is not known` : `it is no ${shown(encoding)} text`;
    throw new CocoError(`${shown(name)}: ${why}: save it as UTF-8`, 'ValueError');
  }
}
