import { ConfigError, DataError } from '../engine/errors.js';
import { shownName } from '../engine/printable.js';
import { editDistance, LETTERS } from './editDistance.js';
import { IGNORED, type LabelMap } from './sample.js';

/** The class of pixels where nothing is. */
export const BACKGROUND = 'background';

/** Position of the class of pixels where nothing is, which drawings leave as they are; -1: there is none. */
export const backgroundOf = (names: readonly string[]): number =>
  names.findIndex((name) => name.toLowerCase() === BACKGROUND);

/** Classes in the order given; ids count from `firstId`. Names must be unique and not empty. */
export function labelMap(names: readonly string[], firstId = 0): LabelMap {
  if (names.length === 0) throw new ConfigError('the list of classes is empty');
  const seen = new Set<string>();
  const repeated = names.find((name) => seen.size === seen.add(name).size);
  if (repeated !== undefined) throw new ConfigError(`class '${repeated}' is listed twice: give every class once`);
  return { classes: names.map((name, i) => ({ id: firstId + i, name })) };
}

/** Classes as a user names them, or as another split has them. */
export type ClassList = readonly string[] | LabelMap;

/** Labels of class maps; a single class gets `background` before it, since a pixel is one of two things at least. */
export function classMapLabels(classes: ClassList): LabelMap {
  if ('classes' in classes) return requireClassMap(classes);
  const isAlone = classes.length === 1 && classes[0] !== BACKGROUND;
  return requireClassMap(labelMap(isAlone ? [BACKGROUND, ...classes] : classes));
}

/** @throws ConfigError when there are more classes than the bytes of a class map can tell apart */
export function requireClassMap(labels: LabelMap): LabelMap {
  const { length } = labels.classes;
  if (length <= IGNORED) return labels;
  throw new ConfigError(`${length} classes are more than the ${IGNORED} a class map can hold: merge some of them`);
}

/** Classes, those that have objects first. */
export const thingsFirst = ({ classes }: LabelMap): LabelMap => ({
  classes: [...classes.filter(({ isStuff }) => !isStuff), ...classes.filter(({ isStuff }) => isStuff)],
});

/** Class names to contiguous indices. */
export function classIndices(labels: LabelMap): ReadonlyMap<string, number> {
  return new Map(labels.classes.map(({ name }, i) => [name, i]));
}

/** Index of a class, or one sentence with the nearest known name. */
export function requireClass(indices: ReadonlyMap<string, number>, name: string, file: string): number {
  const index = indices.get(name);
  if (index !== undefined) return index;
  const known = [...indices.keys()];
  const near = nearestName(name, known);
  const hint = near === null ? `known are ${known.slice(0, 10).map(shownName).join(', ')}` : `did you mean '${near}'?`;
  throw new DataError(file, `unknown class '${name}': ${hint}`);
}

/** The name that differs in the fewest letters, if that is at most a third of them (capitals count half). */
export function nearestName(name: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.max(1, name.length / 3) + 1e-9;
  for (const candidate of known) {
    // As many letters are missing or too many.
    if (Math.abs(candidate.length - name.length) > least && candidate.length <= LETTERS && name.length <= LETTERS)
      continue;
    const distance = (editDistance(name, candidate) + editDistance(name.toLowerCase(), candidate.toLowerCase())) / 2;
    if (distance < least || (best === null && distance <= least)) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}
