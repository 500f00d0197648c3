import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { ConfigError } from '../engine/errors.js';
import { readText } from '../engine/files/read.js';
import { readDocument } from './document.js';
import { parseExperiment } from './read.js';
import type { Experiment } from './schema.js';

/** A row of configs/RESULTS.md. */
export interface Result {
  /** File in configs/, e.g. 'bccd-lite0.yaml'. */
  readonly config: string;
  /** As the page writes it; null: not measured yet. */
  readonly metric: string | null;
}

const FOLDER = join(dirname(createRequire(import.meta.url).resolve('espalier/package.json')), 'configs');

/** What was measured with the configs of this package. */
export function readResults(): readonly Result[] {
  const file = join(FOLDER, 'RESULTS.md');
  return parseResults(
    readText(file, { maxBytes: 2 ** 22, refuse: (problem) => new ConfigError(`${file}: ${problem}`) }),
  );
}

/** A config of this package as it stands, whether or not its data are here. */
export function shippedExperiment(config: string): Experiment {
  const file = join(FOLDER, config);
  return parseExperiment(readDocument(file, []).value, file);
}

/**
 * Rows of every table that has the columns `config` and `metric`; other text is skipped.
 *
 * @throws ConfigError when there is no such row
 */
export function parseResults(markdown: string): readonly Result[] {
  const results: Result[] = [];
  let columns: readonly string[] = [];
  for (const line of markdown.split('\n')) {
    const cells = line.startsWith('|') ? cellsOf(line) : [];
    if (cells.length === 0) columns = [];
    else if (columns.length === 0) columns = cells;
    const config = /^`([\w.-]+\.yaml)`$/.exec(cells[columns.indexOf('config')] ?? '')?.[1];
    const metric = cells[columns.indexOf('metric')];
    if (config === undefined || metric === undefined) continue;
    results.push({ config, metric: metric === '' || metric.includes('not measured') ? null : metric });
  }
  if (results.length > 0) return results;
  throw new ConfigError('configs/RESULTS.md has no table with the columns config (a `name.yaml`) and metric');
}

const cellsOf = (line: string): readonly string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
