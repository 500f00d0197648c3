import {
  boxInterval,
  compareAnswers,
  compareMaps,
  compareMeans,
  type Estimate,
  intervalOf,
  meanWithInterval,
  type PairedTest,
} from '../../datasets/evaluators/index.js';
import type { LabelMap, Truth } from '../../datasets/sample.js';
import type { Gathered } from './gather.js';

/** What the headline follows from, image by image. */
export type Measured = Pick<Gathered, 'answered' | 'confusions' | 'right'>;

interface HeadlineOptions {
  readonly labels: LabelMap;
  readonly maxDetections: number;
}

/**
 * The interval of a report's headline by images drawn again; null: there is none. The average precision of masks and the
 * panoptic quality are not drawn again: boxes, which their answers have, too, are others.
 */
export function headlineInterval(
  truth: Truth['kind'],
  { answered, confusions, right }: Measured,
  options: HeadlineOptions,
): Estimate | null {
  if (truth === 'boxes') return answered.length > 0 ? boxInterval(answered, options) : null;
  if (truth === 'labels') return meanWithInterval(right);
  return truth === 'classMap' ? intervalOf(confusions, options.labels.classes.length) : null;
}

/** The images at these positions alone. */
export function partOf({ answered, confusions, right }: Measured, isPart: (position: number) => boolean): Measured {
  const only = <T>(list: readonly T[]): readonly T[] => list.filter((_, position) => isPart(position));
  return { answered: only(answered), confusions: only(confusions), right: only(right) };
}

/** By how much the headlines of two runs differ on the same images; null: there is nothing to compare in pairs. */
export function pairedTest(
  truth: Truth['kind'],
  own: Measured,
  other: Measured,
  options: HeadlineOptions,
): PairedTest | null {
  if (truth === 'boxes') return own.answered.length > 0 ? compareAnswers(own.answered, other.answered, options) : null;
  if (truth === 'labels') return compareMeans(own.right, other.right);
  return truth === 'classMap' ? compareMaps(own.confusions, other.confusions, options.labels.classes.length) : null;
}
