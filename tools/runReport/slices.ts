import type { Run } from '../../configs/run.js';
import type { Dataset } from '../../datasets/dataset.js';
import type { Estimate } from '../../datasets/evaluators/index.js';
import { readSlices } from '../../datasets/metadata.js';
import { headOf, headSettings, type Report } from '../../heads/index.js';

/** What a run answers on a group of images. */
export interface SliceFigures {
  readonly field: string;
  readonly value: string;
  readonly images: number;
  /** As of the whole split. */
  readonly report: Report;
  /** Bootstrap interval of the headline; null: there is none. */
  readonly interval: Estimate | null;
}

/** Measures the groups of images that a file tells of, while they are answered. @throws DataError as readSlices */
export async function createSlices(file: string, { network, labels, experiment }: Run, { entries }: Dataset) {
  const { head } = experiment.model;
  const limits = headOf(head).limits(headSettings(head));
  const slices = await readSlices(
    file,
    entries.map(({ id }) => id),
  );
  const measured = slices.map((slice) => ({ ...slice, evaluator: network.task.createEvaluator(labels, limits) }));
  return {
    evaluatorsOf: (id: string) => measured.flatMap(({ ids, evaluator }) => (ids.has(id) ? [evaluator] : [])),
    figures: (intervalOf: (ids: ReadonlySet<string>) => Estimate | null): readonly SliceFigures[] =>
      measured.map(({ field, value, ids, evaluator }) => ({
        field,
        value,
        images: ids.size,
        report: evaluator.report(),
        interval: intervalOf(ids),
      })),
  };
}
