import { describe, expect, test } from 'vitest';
import { readVoc, readXml } from '../../src/index.js';

/** Elements with their texts as they end. */
function read(document: string | Uint8Array): string[] {
  const out: string[] = [];
  readXml(document, 'a.xml', { close: (path, text) => void out.push(`${path.join('/')}=${text}`) });
  return out;
}

const bytes = (text: string, unit: 1 | 2, bigEndian = false): Uint8Array => {
  const out = new DataView(new ArrayBuffer(unit * text.length));
  for (const [i, c] of [...text].entries()) {
    if (unit === 1) out.setUint8(i, c.charCodeAt(0));
    else out.setUint16(2 * i, c.charCodeAt(0), !bigEndian);
  }
  return new Uint8Array(out.buffer);
};

describe('readXml', () => {
  test('reads elements, references, CDATA, comments and attributes', () => {
    const text = `<?xml version="1.0"?><!-- a < b --><A x='1 &lt; 2'><b> 1 &amp; &#x32;&#9; </b><c/><d><![CDATA[<&>]]></d></A >\n`;
    expect(read(text)).toEqual(['a/b=1 & 2\t', 'a/c=', 'a/d=<&>', 'a=']);
    readXml(text, 'a.xml', { open: (path, { x }) => void (path.length === 1 && expect(x).toBe('1 < 2')) });
  });

  test('reads every encoding that the bytes show or declare', () => {
    const text = (encoding: string): string => `<?xml version="1.0" encoding="${encoding}"?><a>\u00fc</a>`;
    expect(read(bytes(text('iso-8859-1'), 1))).toEqual(['a=\u00fc']);
    expect(read(new TextEncoder().encode(`\ufeff${text('utf-8')}`))).toEqual(['a=\u00fc']);
    // Declared UTF-16 in bytes that are not.
    expect(read(new TextEncoder().encode(text('utf-16')))).toEqual(['a=\u00fc']);
    for (const bigEndian of [false, true]) {
      expect(read(bytes(`\ufeff${text('utf-16')}`, 2, bigEndian))).toEqual(['a=\u00fc']);
      expect(read(bytes(text('utf-16'), 2, bigEndian))).toEqual(['a=\u00fc']);
    }
    expect(() => read(bytes(text('utf-8'), 1))).toThrow('a.xml: it is no utf-8 text: save it as UTF-8');
    expect(() => read(bytes(text('nonsense'), 1))).toThrow('its encoding nonsense is not known');
  });

  test.each([
    ['<a><b></a>', 'line 1, column 7: </a> closes <b>'],
    ['<a>\n<b>', 'line 2, column 4: <b> is not closed'],
    ['<a/><b/>', 'a second element'],
    ['', 'there is no element'],
    ['hello', 'text outside'],
    ['<a>&nbsp;</a>', '&nbsp; is no entity'],
    ['<a>&#0;</a>', 'is no entity'],
    ['<a>&constructor;</a>', 'is no entity'],
    ['<a>& b</a>', 'is no entity'],
    ['<a b="<"/>', 'does not end'],
    ['<a b="1" b="2"/>', 'two attributes b'],
    ['<a>\u0001</a>', 'a control character'],
    ['<a><!-- </a>', '--> is missing'],
    ['<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', 'document type declaration'],
    ['<a>'.repeat(100_000), 'nested deeper than 32'],
  ])('refuses %s', (text, problem) => {
    expect(() => read(text)).toThrow(problem);
  });

  test('an attribute __proto__ is one as any other', () => {
    readXml('<a __proto__="1"/>', 'a.xml', {
      open: (_, attributes) => expect(Object.keys(attributes)).toEqual(['__proto__']),
    });
  });
});

test('readVoc passes parts over, and says which number is missing', () => {
  const box = (x: string): string => `<bndbox><xmin>${x}</xmin><ymin>2</ymin><xmax>9</xmax><ymax>8</ymax></bndbox>`;
  const object = `<object><part><name>head</name>${box('3')}</part><name>cat</name>${box('1')}</object>`;
  const voc = (inside: string): string =>
    `<annotation><size><width>10</width><height>10</height></size>${inside}</annotation>`;
  const [cat] = readVoc(voc(object), 'a.xml', { inclusive: true }).objects;
  expect(cat).toEqual({ name: 'cat', bbox: [0, 1, 9, 7], difficult: false });
  expect(() => readVoc(voc(`<object>${box('x')}</object>`), 'a.xml')).toThrow('a.xml: <xmin> is missing or no number');
  expect(() => readVoc('<annotation/>', 'a.xml')).toThrow('<width> is missing');
});
