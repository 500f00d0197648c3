import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { completeExperiment } from '../../configs/complete.js';
import { experimentJsonSchema, renderReference } from '../../configs/generate.js';
import { schemaKeys } from '../../configs/messages.js';
import { experimentSchema } from '../../configs/schema.js';

const file = (name: string): URL => new URL(`../../configs/${name}`, import.meta.url);

/** Both are generated from the schema; ACCEPT=1 writes them. */
describe('the generated files', () => {
  it('reference.yaml is current', () => {
    if (process.env.ACCEPT === '1') writeFileSync(file('reference.yaml'), renderReference());
    expect(readFileSync(file('reference.yaml'), 'utf8')).toBe(renderReference());
  });

  it('experiment.schema.json is current', () => {
    const text = `${JSON.stringify(experimentJsonSchema(), null, 2)}\n`;
    if (process.env.ACCEPT === '1') writeFileSync(file('experiment.schema.json'), text);
    expect(JSON.parse(readFileSync(file('experiment.schema.json'), 'utf8'))).toEqual(JSON.parse(text));
  });
});

describe('reference.yaml', () => {
  const read = () => {
    const text = readFileSync(file('reference.yaml'), 'utf8');
    return { text, value: parse(text) as Record<string, unknown> };
  };

  it('holds exactly the defaults', () => {
    expect(read().value).toEqual(experimentSchema.parse(completeExperiment({})));
  });

  it('names every key of the schema, each under a comment', () => {
    const { text, value } = read();
    const named = new Set([...text.matchAll(/^[ #]*(\w+):/gm)].map(([, key]) => key));
    const keys = schemaKeys()
      .filter((path) => !/\.(norm|auxiliary|intensity)\./.test(path))
      .map((path) => path.split('.').at(-1));
    expect(keys.filter((key) => !named.has(key))).toEqual([]);
    expect(Object.keys(value)).toEqual(Object.keys(experimentSchema.shape));
    expect(keys.length).toBeGreaterThan(80);
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    for (const [index, line] of lines.entries()) {
      if (!/^ *(#|kind:)/.test(line)) expect(lines[index - 1]?.trim(), line).toMatch(/^# \S.{5,}/);
    }
  });
});
