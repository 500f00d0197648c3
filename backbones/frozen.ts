import { ConfigError } from '../engine/errors.js';
import type { Architecture } from './family.js';
import { LEVELS } from './features.js';
import type { Module } from './module.js';

/**
 * What is not trained, batch norm included: nothing, the first stage, everything up to and including a level, the whole
 * trunk, or the parameters below some state-dict paths, e.g. ['conv_stem', 'blocks.0'].
 */
export type Frozen = (typeof FROZEN)[number] | readonly string[];
export const FROZEN = ['none', 'stem', ...LEVELS.slice(0, 6), 'all'] as readonly FrozenName[];
type FrozenName = 'none' | 'stem' | 'P0' | 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'all';

/**
 * State-dict paths of what is frozen.
 *
 * @throws ConfigError when the network has no such level
 */
export function frozenPaths(name: string, network: Architecture, frozen: Frozen): readonly string[] {
  if (typeof frozen !== 'string') return frozen;
  if (frozen === 'none') return [];
  const { stages } = network;
  const last = stages.findIndex((stage) => frozen === 'stem' || stage.level === frozen);
  if (last < 0 && frozen !== 'all') {
    const given = stages.flatMap(({ level }) => level ?? []).join(', ');
    throw new ConfigError(`${name} has no level ${frozen} to freeze up to: choose none, stem, ${given} or all`);
  }
  return stages.slice(0, frozen === 'all' ? stages.length : last + 1).flatMap(({ paths }) => paths);
}

/** Whether a parameter lies at or below one of the paths. */
export function isBelow(paths: readonly string[], name: string): boolean {
  return paths.some((path) => name === path || name.startsWith(`${path}.`));
}

/** @throws ConfigError when a path holds no parameter: a misspelt one would train silently */
export function checkFrozenPaths(name: string, module: Module, frozen: Frozen): void {
  if (typeof frozen === 'string') return;
  const names = [...module.parameters.keys()];
  const empty = frozen.find((path) => !names.some((parameter) => isBelow([path], parameter)));
  if (empty === undefined) return;
  throw new ConfigError(`${name} has no parameter below '${empty}', which is to be frozen: its first is '${names[0]}'`);
}
