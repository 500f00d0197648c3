import { existsSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { ConfigError } from '../engine/errors.js';

/** Where runs go that are given no folder. */
const RUNS = 'runs';

/**
 * The folder of a run that is given none: `runs/<config>-<n>`, the next free n, or with `resume` the largest there is.
 *
 * @param config path of the config file
 */
export function defaultRunFolder(config: string, resume: boolean, runs = RUNS): string {
  const name = basename(config, extname(config));
  const taken = existsSync(runs) ? readdirSync(runs).flatMap((entry) => numberOf(entry, name)) : [];
  const largest = Math.max(0, ...taken);
  if (!resume) return join(runs, `${name}-${largest + 1}`);
  if (largest > 0) return join(runs, `${name}-${largest}`);
  throw new ConfigError(`there is no run of ${name} in ${runs} to continue: name it with --out, or leave --resume out`);
}

function numberOf(entry: string, name: string): number[] {
  const rest = entry.startsWith(`${name}-`) ? entry.slice(name.length + 1) : '';
  return /^[1-9]\d*$/.test(rest) ? [Number(rest)] : [];
}
