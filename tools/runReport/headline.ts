import {
  type BoxAnalysis,
  compareAnswers,
  compareMaps,
  type Estimate,
  intervalOf,
} from '../../datasets/evaluators/index.js';
import type { LabelMap, Truth } from '../../datasets/sample.js';
import type { Gathered } from './gather.js';

/**
 * The interval of a report's headline by images drawn again; null: there is none. The average precision of masks and the
 * panoptic quality are not drawn again: boxes, which their answers have, too, are others.
 *
 * @param classes of the confusions, the first. Defaults to all
 */
export function headlineInterval(
  truth: Truth['kind'],
  boxes: Pick<BoxAnalysis, 'interval'> | null,
  { confusions }: Pick<Gathered, 'confusions'>,
  classes?: number,
): Estimate | null {
  if (truth === 'boxes') return boxes?.interval ?? null;
  return truth === 'classMap' ? intervalOf(confusions, classes) : null;
}

export type PairedTest = ReturnType<typeof compareAnswers>;

/** By how much the headlines of two runs differ on the same images; null: there is nothing to compare in pairs. */
export function pairedTest(
  truth: Truth['kind'],
  own: Pick<Gathered, 'answered' | 'confusions'>,
  other: Pick<Gathered, 'answered' | 'confusions'>,
  options: { readonly labels: LabelMap; readonly maxDetections: number },
): PairedTest | null {
  if (truth === 'boxes') return own.answered.length > 0 ? compareAnswers(own.answered, other.answered, options) : null;
  return truth === 'classMap' ? compareMaps(own.confusions, other.confusions, options.labels.classes.length) : null;
}
