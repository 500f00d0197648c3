import type { Experiment } from './schema.js';

/** Dotted paths of the keys that two experiments set differently. */
export function differingKeys(first: Experiment, second: Experiment): readonly string[] {
  const [a, b] = [flatten(first), flatten(second)];
  return [...a.keys()].filter((key) => a.get(key) !== b.get(key));
}

function flatten(experiment: Experiment): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(experiment).flatMap(([section, value]) =>
      typeof value === 'object'
        ? Object.entries(value).map(([key, inner]) => [`${section}.${key}`, JSON.stringify(inner)] as const)
        : [[section, JSON.stringify(value)] as const],
    ),
  );
}
