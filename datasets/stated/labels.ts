import { ConfigError } from '../../engine/errors.js';
import { BACKGROUND, classMapLabels, labelMap, nearestName, requireClassMap, thingsFirst } from '../labels.js';
import type { LabelMap, Truth } from '../sample.js';
import type { WarningList } from '../warnings.js';
import type { StatedSet } from './image.js';

/**
 * The classes of a training split: those a config names, or those the format lists, or the names of all objects. Class
 * maps get `background` before them; of segments, classes that have objects come first.
 *
 * @param classes names of the config; none: all
 * @throws ConfigError for a class that no object has, when another name is nearly the same
 */
export function resolveLabels(
  set: StatedSet,
  classes: readonly string[],
  truth: Truth['kind'],
  warnings: WarningList,
): LabelMap {
  const listed: LabelMap['classes'] = set.classes ?? namesIn(set).map((name, i) => ({ id: i + 1, name }));
  noteSimilar(listed, warnings);
  const isClassMap = truth === 'classMap';
  const first = listed.reduce((least, { id }) => Math.min(least, id), 1);
  const background = { id: Math.min(0, first - 1), name: BACKGROUND };
  if (classes.length === 0) {
    if (listed.length === 0) {
      throw new ConfigError(`${set.file}: not one object says its class: name the classes in data.classes`);
    }
    const hasBackground = !isClassMap || listed.some(({ name }) => name === BACKGROUND);
    const labels = { classes: hasBackground ? listed : [background, ...listed] };
    if (truth === 'panoptic') return requireClassMap(thingsFirst(labels));
    return isClassMap ? requireClassMap(labels) : labels;
  }
  const known = new Map(listed.map((one) => [one.name, one]));
  refuseMisspelt(set, classes, known);
  let next = listed.reduce((most, { id }) => Math.max(most, id), 0) + 1;
  const given = isClassMap ? classMapLabels(classes) : labelMap(classes);
  const idOf = (name: string) =>
    known.get(name) ?? (name === BACKGROUND && isClassMap ? background : { id: next++, name });
  const labels = { classes: given.classes.map(({ name }) => idOf(name)) };
  return truth === 'panoptic' ? requireClassMap(thingsFirst(labels)) : labels;
}

/** A name that no object has may come later, but not beside one that is nearly the same and not in the list. */
function refuseMisspelt(set: StatedSet, classes: readonly string[], known: ReadonlyMap<string, unknown>): void {
  const unlisted = [...known.keys()].filter((name) => !classes.includes(name));
  for (const name of classes) {
    const near = known.has(name) ? null : nearestName(name, unlisted);
    if (near !== null) {
      throw new ConfigError(`data.classes: no object of ${set.file} is a '${name}': did you mean '${near}'?`);
    }
  }
}

function namesIn({ images }: StatedSet): string[] {
  const names = new Set<string>();
  for (const { objects } of images) for (const { name } of objects) names.add(name);
  return [...names].sort();
}

function noteSimilar(listed: LabelMap['classes'], warnings: WarningList): void {
  const seen = new Map<string, string>();
  for (const { name } of listed) {
    const key = name.toLowerCase().replace(/\s+/g, ' ').trim();
    const other = seen.get(key);
    if (other !== undefined) warnings.note('similar-names', `${name} (${other})`);
    seen.set(key, name);
  }
}
