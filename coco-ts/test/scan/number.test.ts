import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { END, PADDING, readDecimal, readNumber } from '../../src/scan/number.js';

function read(text: string, behind = ','): { end: number; value: number; plain: number } {
  const bytes = new Uint8Array(text.length + 1 + PADDING).fill(END);
  bytes.set(new TextEncoder().encode(text + behind));
  const out = new Float64Array(2);
  const end = readDecimal(bytes, new DataView(bytes.buffer), 0, out, 0);
  expect(readNumber(bytes, 0, out, 1)).toBe(end);
  return { end, value: out[0]!, plain: out[1]! };
}

function expectExact(text: string, behind = ','): void {
  const { end, value, plain } = read(text, behind);
  expect(end).toBe(text.length);
  expect(value).toBe(Number(text));
  expect(plain).toBe(Number(text));
}

const digits = (most: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{0,${most}}$`));

describe('reading numbers', () => {
  test('rounds what a program writes as Number does', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => expectExact(String(value))),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.float({ min: -2000, max: 2000, noNaN: true }), (value) => expectExact(String(value))),
      { numRuns: 3000 },
    );
  });

  test('rounds any digits as Number does', () => {
    const text = fc
      .tuple(fc.constantFrom('', '-'), fc.nat(9), digits(12), digits(24))
      .map(
        ([sign, first, more, decimals]) =>
          `${sign}${first}${first === 0 ? '' : more}${decimals === '' ? '' : `.${decimals}`}`,
      );
    fc.assert(
      fc.property(text, (value) => expectExact(value)),
      { numRuns: 3000 },
    );
  });

  test('takes exponents, signs of zero, and stops at whatever follows', () => {
    for (const text of ['0', '-0', '-0.0', '12e3', '1.5E-3', '0.000000000000001', '99999.999999999999999', '100000.5'])
      for (const behind of [',', ']', ' ', '}']) expectExact(text, behind);
    expect(Object.is(read('-0.0').value, -0)).toBe(true);
  });
});
