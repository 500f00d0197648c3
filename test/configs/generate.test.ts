import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { experimentJsonSchema, renderReference } from '../../configs/generate.js';
import { schemaKeys } from '../../configs/messages.js';
import { experimentSchema } from '../../configs/schema.js';

const file = (name: string): URL => new URL(`../../configs/${name}`, import.meta.url);

/** Compares a generated file with the one in the repository; ACCEPT=1 writes it. */
function expectCurrent(name: string, text: string): void {
  if (process.env.ACCEPT === '1') writeFileSync(file(name), text);
  expect(readFileSync(file(name), 'utf8')).toBe(text);
}

describe('the generated files', () => {
  it('reference.yaml is current', () => {
    expectCurrent('reference.yaml', renderReference());
  });

  it('experiment.schema.json is current', () => {
    expectCurrent('experiment.schema.json', `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`);
  });
});

describe('reference.yaml', () => {
  const read = () => {
    const text = readFileSync(file('reference.yaml'), 'utf8');
    return { text, value: parse(text) as Record<string, unknown> };
  };

  it('holds exactly the defaults', () => {
    expect(read().value).toEqual(experimentSchema.parse({}));
  });

  it('names every key of the schema, each under a comment', () => {
    const { text, value } = read();
    const named = Object.entries(value).flatMap(([section, inner]) =>
      typeof inner === 'object' && inner !== null
        ? [section, ...Object.keys(inner).map((key) => `${section}.${key}`)]
        : [section],
    );
    expect(named).toEqual(schemaKeys());
    expect(named.length).toBeGreaterThan(50);
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    for (const [index, line] of lines.entries()) {
      if (!line.trim().startsWith('#')) expect(lines[index - 1]?.trim(), line).toMatch(/^# \S.{5,}/);
    }
  });
});
