import { describe, expect, it } from 'vitest';
import { DataError, WeightsError } from '../../engine/errors.js';
import { printable, printableJson, shownName } from '../../engine/printable.js';

const ESC = '\x1b';
const TURN = '\u202e';

describe('a name', () => {
  it('is one line without control characters, separators of lines and marks of direction', () => {
    expect(shownName(`a${ESC}[31mb\r\n\tc\0\x7f\x9b1m${TURN}d\u2066e\u2069\u2028f\u2029`)).toBe(
      'a\\x1b[31mb\\r\\n\\tc\\x00\\x7f\\x9b1m\\u202ed\\u2066e\\u2069\\u2028f\\u2029',
    );
    expect(shownName('größe 猫 🐈 c\\d')).toBe('größe 猫 🐈 c\\d');
  });

  it('has at most 200 characters, the beginning and the end of a longer one', () => {
    const long = `start ${'x'.repeat(1000)} end.png`;
    expect(shownName(long)).toHaveLength(200);
    expect(shownName(long)).toMatch(/^start x+\.\.\.x+ end\.png$/);
    expect(shownName('y'.repeat(200))).toBe('y'.repeat(200));
    expect(shownName(ESC.repeat(1000))).toHaveLength(200);
    expect(shownName(`${'🐈'.repeat(500)}.`)).toMatch(/^(🐈)+\.\.\.(🐈)+\.$/u);
  });

  it('stays as it is when it is shown twice', () => {
    for (const name of [`a${ESC}b`, ESC.repeat(1000), 'z'.repeat(999)]) {
      expect(shownName(shownName(name))).toBe(shownName(name));
      expect(printable(printable(`'${name}' is ${name}`))).toBe(printable(`'${name}' is ${name}`));
    }
  });
});

describe('a text', () => {
  it('keeps its own lines, and makes one line of a name in quotes, but not of what stands between apostrophes', () => {
    expect(printable("the file's\nlines 'a\nb' and the logits' spread\nstay")).toBe(
      "the file's\nlines 'a\\nb' and the logits' spread\nstay",
    );
    expect(printable(`red${ESC}[31m\nnext`)).toBe('red\\x1b[31m\nnext');
  });

  it('has no name and no word of more than 200 characters', () => {
    const [name, word] = ['n m '.repeat(100), 'w'.repeat(300)];
    const text = printable(`'${name}' lacks ${word} here`);
    expect(text).toBe(`'${shownName(name)}' lacks ${shownName(word)} here`);
  });

  it('takes a time in proportion to its length', () => {
    expect(printable("' ".repeat(500_000)).length).toBeLessThan(200_000);
    expect(printable('a'.repeat(10_000_000)).length).toBeLessThanOrEqual(210);
  });
});

describe('JSON', () => {
  it('means the same and shows as it is', () => {
    const value = { [`a${TURN}`]: [`${ESC}\x9b\u2028\x7f\n`, 'ü'] };
    const text = printableJson(value, 2);
    expect(text).toContain('"a\\u202e"');
    expect(text).toContain('"\\u001b\\u009b\\u2028\\u007f\\n"');
    expect(JSON.parse(text)).toEqual(value);
  });
});

describe('an error', () => {
  it('shows the names it was given, wherever it is printed', () => {
    const error = new WeightsError(`'a\n${ESC}[2J' is missing`);
    expect(error.message).toBe("'a\\n\\x1b[2J' is missing");
    expect(error.stack).toContain(error.message);
    const data = new DataError(`a\n${ESC}.png`, 'is empty');
    expect([data.message, data.file]).toEqual(['a\\n\\x1b.png: is empty', `a\n${ESC}.png`]);
  });
});
