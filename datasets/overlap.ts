import { ConfigError } from '../engine/errors.js';
import { BACKGROUND, labelMap } from './labels.js';
import { IGNORED, type LabelMap } from './sample.js';

/**
 * Class maps of classes that may overlap: a pixel's value is a set, bit k of which is class k, and 0 is none of them; IGNORED, all
 * eight bits, is outside loss and metrics. Whatever moves, joins or counts the values of a class map takes them as they are.
 */
export const MOST_OVERLAPPING = 7;

/** Whether the classes may overlap, so that none of them is the background. */
export const isOverlapping = ({ classes }: LabelMap): boolean => classes[0]?.overlaps === true;

/** The value of what is no class: 0 of classes that may overlap, else the background; -1: there is none. */
export const backgroundOf = (labels: LabelMap): number =>
  isOverlapping(labels) ? 0 : labels.classes.findIndex(({ name }) => name === BACKGROUND);

/**
 * Labels of classes that may overlap, without the background.
 *
 * @throws ConfigError for none, or more than a value can hold
 */
export function overlappingLabels(labels: LabelMap | readonly string[]): LabelMap {
  const { classes } = 'classes' in labels ? labels : labelMap(labels);
  const own = classes.filter(({ name }) => name !== BACKGROUND);
  if (own.length >= 1 && own.length <= MOST_OVERLAPPING) {
    return { classes: own.map(({ id, name }) => ({ id, name, overlaps: true })) };
  }
  throw new ConfigError(
    `${own.length} classes that may overlap: a pixel tells 1 to ${MOST_OVERLAPPING} apart; name fewer in data.classes, or train several networks`,
  );
}

/** What a config calls its classes: any number of them at a pixel, one alone, or exactly one of several. */
export type LabelMode = 'multiclass' | 'multilabel' | 'binary';

/**
 * The labels that a mode makes of those found.
 *
 * @throws ConfigError for more classes than the mode has
 */
export function labelsOfMode(labels: LabelMap, mode: LabelMode): LabelMap {
  if (mode === 'multiclass') return labels;
  const own = overlappingLabels(labels);
  if (mode === 'multilabel' || own.classes.length === 1) return own;
  throw new ConfigError(
    `data.mode: binary is one class against the rest, and there are ${own.classes.map(({ name }) => name).join(', ')}: name one in data.classes, or take multilabel`,
  );
}

/** Labels as masks have them, which show a background between classes that may overlap. */
export const withBackground = (labels: LabelMap): LabelMap =>
  isOverlapping(labels)
    ? { classes: [{ id: Math.min(0, ...labels.classes.map(({ id }) => id)) - 1, name: BACKGROUND }, ...labels.classes] }
    : labels;

/** What shows nothing: the index of the background where classes may overlap. */
export const NOTHING = -1;

/** The index in `to` of a class of `from`; IGNORED stays, and a class that `to` lacks is NOTHING. */
export const indexIn = (to: LabelMap, from: LabelMap, index: number): number =>
  index === IGNORED ? IGNORED : to.classes.findIndex(({ name }) => name === from.classes[index]?.name);

/** A value with one class more; IGNORED stays what it is. */
export const withClass = (value: number, index: number): number =>
  value === IGNORED || index === IGNORED ? IGNORED : index === NOTHING ? value : value | (1 << index);

/** Whether a value has a class. */
export const hasClass = (value: number, label: number): boolean => value !== IGNORED && ((value >> label) & 1) === 1;

/** [pixels] 1 where a class is, 0 where it is not, IGNORED where nobody knows. */
export const planeOf = (mask: Uint8Array, label: number): Uint8Array =>
  mask.map((value) => (value === IGNORED ? IGNORED : (value >> label) & 1));

/** For the eye: the last of the classes of each pixel, IGNORED where there is none. */
export const topClasses = (mask: Uint8Array): Uint8Array =>
  mask.map((value) => (value === IGNORED || value === 0 ? IGNORED : 31 - Math.clz32(value)));
