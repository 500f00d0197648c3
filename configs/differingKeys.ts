import type { Experiment } from './schema.js';

/** Dotted paths of the keys that two experiments set differently. */
export function differingKeys(first: Experiment, second: Experiment): readonly string[] {
  const [a, b] = [flatten(first), flatten(second)];
  return [...a.keys()].filter((key) => a.get(key) !== b.get(key));
}

function flatten(value: unknown, path = ''): ReadonlyMap<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new Map([[path, JSON.stringify(value)]]);
  const entries = Object.entries(value).flatMap(([key, inner]) => [
    ...flatten(inner, path === '' ? key : `${path}.${key}`),
  ]);
  return new Map(entries);
}
