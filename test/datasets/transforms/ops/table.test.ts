import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPS, opOf } from '../../../../datasets/transforms/ops/index.js';
import { POLICY_NAMES } from '../../../../datasets/transforms/policies/index.js';

const page = readFileSync(new URL('../../../../docs/augmentation.md', import.meta.url), 'utf8');

test('the page has a row for each op, in the order of the table, as the op states itself', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` +\| (.+?) +\| (any|8-bit RGB) +\|$/gm)].map(([, ...cells]) => cells);
  const wanted = (Object.keys(OPS) as (keyof typeof OPS)[]).map((name) => {
    const op = opOf(name);
    return [name, op.value, op.kind === 'pixels' && op.images === 'rgb8' ? '8-bit RGB' : 'any'];
  });
  expect(rows).toEqual(wanted);
});

test('the page names every policy', () => {
  const first = (name: string) => (name.startsWith('detection-v') ? 'detection-v0' : name);
  for (const name of POLICY_NAMES) expect(page).toContain(`\`${first(name)}\``);
});
