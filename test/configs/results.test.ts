import { describe, expect, it } from 'vitest';
import { parseResults, readResults, shippedExperiment } from '../../configs/results.js';

describe('configs/RESULTS.md', () => {
  it('has rows, each of a config that can be read', () => {
    const results = readResults();
    expect(results.map(({ config }) => config)).toContain('bccd-lite0.yaml');
    for (const { config } of results) expect(shippedExperiment(config).train.seed, config).toBe(1);
  });

  it('is read by the titles of its columns', () => {
    const page = [
      '| metric | config |',
      '| --- | --- |',
      '| AP 0.5 | `a.yaml` |',
      '| AP: not measured yet | `b.yaml` |',
      'Words between.',
      '| other | table |',
      '| --- | --- |',
      '| `c.yaml` | 3 |',
    ];
    expect(parseResults(page.join('\n'))).toEqual([
      { config: 'a.yaml', metric: 'AP 0.5' },
      { config: 'b.yaml', metric: null },
    ]);
    expect(() => parseResults('# Results\n')).toThrow('no table with the columns config');
  });
});
