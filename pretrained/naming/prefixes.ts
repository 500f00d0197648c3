import { WeightsError } from '../../engine/errors.js';

/** Parts of names that compiling, parallel training and checkpointing of activations put anywhere: no network has them. */
const WRAPPERS: ReadonlySet<string> = new Set([
  '_orig_mod',
  'module',
  '_fsdp_wrapped_module',
  '_checkpoint_wrapped_module',
]);
/** Modules that a network can be nested in. */
const MAX_DEPTH = 8;

/** Beginnings that are tried, those first whose names are about as many as the network has. */
const MAX_PREFIXES = 64;

/** A name of the file without the wrappers of training. */
export function unwrapped(name: string, isOwn: (part: string) => boolean): string {
  return name
    .split('.')
    .filter((part) => !WRAPPERS.has(part) || isOwn(part))
    .join('.');
}

/**
 * Beginnings that enough names share for a network of `size` parameters to lie below them, none first: `model.`,
 * `backbone.`, `encoder.net.`, whatever a training script calls its attributes.
 */
export function commonPrefixes(names: Iterable<string>, size: number): readonly string[] {
  const counts = new Map<string, number>();
  let total = 0;
  for (const name of names) {
    total++;
    let end = name.indexOf('.') + 1;
    for (let depth = 0; end > 0 && depth < MAX_DEPTH; depth++) {
      const prefix = name.slice(0, end);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
      end = name.indexOf('.', end) + 1;
    }
  }
  const least = Math.max(1, Math.min(size, total) / 2);
  const likely = [...counts]
    .filter(([, count]) => count >= least)
    .sort(([, a], [, b]) => Math.abs(a - size) - Math.abs(b - size))
    .slice(0, MAX_PREFIXES);
  return ['', ...likely.map(([prefix]) => prefix)];
}

/** The prefix that a user gives, with or without its last dot. @throws WeightsError when no name has it */
export function givenPrefix(prefix: string, names: Iterable<string>): string {
  const whole = prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`;
  const all = [...names];
  if (all.some((name) => name.startsWith(whole))) return whole;
  throw new WeightsError(`no name of the file starts with '${whole}': they are ${all.slice(0, 3).join(', ')}, ...`);
}
