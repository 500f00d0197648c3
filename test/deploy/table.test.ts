import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { FAMILIES } from '../../backbones/index.js';
import { HEAD_KINDS, HEAD_NAMES } from '../../heads/index.js';

/** Cells of the table that `npm run bench -- export` writes. */
const rows = readFileSync(new URL('../../bench/export/table.md', import.meta.url), 'utf8')
  .split('\n')
  .slice(2)
  .filter(Boolean)
  .map((line) => line.split('|').map((cell) => cell.trim()));

it('the table of what exports has a network of every family of backbones, and every head', () => {
  const families = Object.entries(FAMILIES).map(([family, { archs }]) => `${archs[0]}: ${family}`);
  const heads = [...HEAD_KINDS.filter((kind) => kind !== 'semantic-decoder'), ...HEAD_NAMES];
  const expected = [...families, ...heads.map((head) => `tf_efficientnet_lite0, ${head}: head`)];
  expect(rows.map(([, name, kind]) => `${name}: ${kind}`)).toEqual(expected);
});

it('every one of them answers in ONNX Runtime what the network answers', () => {
  for (const cells of rows) expect(Number(cells[6])).toBeLessThan(1e-4);
});
