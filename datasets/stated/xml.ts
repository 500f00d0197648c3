import { SaxesParser } from 'saxes';
import { DataError } from '../../engine/errors.js';

const MAX_DEPTH = 32;
const MAX_TEXT = 10_000_000;

/** Hears the elements of an XML text in order; `path` leads from the root to the element, names in small letters. */
export interface XmlHandler {
  readonly open?: (path: readonly string[], attributes: { readonly [name: string]: string }) => void;
  /** @param text of the element itself, trimmed */
  readonly close?: (path: readonly string[], text: string) => void;
}

/**
 * Reads an XML text without keeping it as a tree. Document types, and with them entities, are refused.
 *
 * @throws DataError for what is not well-formed, or nested deeper than 32
 */
export function readXml(xml: string, file: string, handler: XmlHandler): void {
  const path: string[] = [];
  let text = '';
  const fail = (problem: string): never => {
    throw new DataError(file, problem);
  };
  const parser = new SaxesParser();
  parser.on('error', (error) => fail(`not well-formed XML: ${error.message.split('\n')[0]}`));
  parser.on('doctype', () => fail('has a document type declaration, which annotations may not have: remove it'));
  parser.on('opentag', ({ name, attributes }) => {
    path.push(name.toLowerCase());
    if (path.length > MAX_DEPTH) fail(`elements nested deeper than ${MAX_DEPTH}`);
    handler.open?.(path, attributes);
    text = '';
  });
  const collect = (part: string): void => {
    text += part;
    if (text.length > MAX_TEXT) fail(`<${path.join('/')}> holds more than ${MAX_TEXT} characters`);
  };
  parser.on('text', collect);
  parser.on('cdata', collect);
  parser.on('closetag', () => {
    handler.close?.(path, text.trim());
    path.pop();
    text = '';
  });
  parser.write(xml.startsWith('\uFEFF') ? xml.slice(1) : xml).close();
}
