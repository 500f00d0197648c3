import type { Dataset, Warning } from '../datasets/dataset.js';
import { openData, type SplitName } from '../datasets/formats/index.js';
import { type LabelMap, objectsOf } from '../datasets/sample.js';
import { ConfigError } from '../engine/errors.js';
import { headOf, headSettings, TASKS } from '../heads/index.js';
import type { Experiment } from './schema.js';

export type { SplitName };

/**
 * Opens one split of the experiment's data.
 *
 * @param labels those of the training split, so that every split counts the same classes; absent for that one
 * @throws ConfigError when the experiment does not name the split; DataError for files that cannot be used
 */
export async function openSplit(experiment: Experiment, split: SplitName, labels?: LabelMap): Promise<Dataset> {
  const dataset = await open(experiment, split, labels);
  if (dataset === null) throw new ConfigError(NO_VALIDATION);
  return split === 'train' ? dataset : withCrowded(dataset, experiment);
}

/** The validation images; null where there are none, or too few images to hold some out. */
export async function openValidation(experiment: Experiment, labels: LabelMap): Promise<Dataset | null> {
  if (experiment.data.val === null) return null;
  const dataset = await open(experiment, 'val', labels);
  return dataset === null ? null : withCrowded(dataset, experiment);
}

const NO_VALIDATION =
  'there are no validation images: nothing names some, and too few images are there to hold some out: add data.val';

function open({ data, task, model }: Experiment, split: SplitName, labels?: LabelMap): Promise<Dataset | null> {
  const boxesAlone = split === 'train' && learnsFromBoxes(model.head);
  const request = { split, ...(boxesAlone && { boxesAlone }) };
  return openData(data, TASKS[task].truth, labels === undefined ? request : { ...request, labels });
}

/** Whether masks are learned from boxes. */
function learnsFromBoxes(head: Experiment['model']['head']): boolean {
  const { masks } = headSettings(head);
  return typeof masks === 'object' && masks !== null && 'learnFrom' in masks && masks.learnFrom === 'boxes';
}

function withCrowded(dataset: Dataset, experiment: Experiment): Dataset {
  const crowded = crowdedImages(dataset, mostDetections(experiment));
  return crowded === null ? dataset : { ...dataset, warnings: [...dataset.warnings, crowded] };
}

/** Most detections per image that the head decodes. */
function mostDetections({ model }: Experiment): number {
  return headOf(model.head).limits(headSettings(model.head)).maxDetections;
}

/** What says that images have more objects than boxes are kept, so that AP cannot reach 1. */
function crowdedImages({ entries }: Dataset, maxDetections: number): Warning | null {
  const found = entries.flatMap(({ id, truth }) => {
    const count = objectsOf(truth)?.ignored.reduce((sum, skip) => sum + (skip ? 0 : 1), 0) ?? 0;
    return count > maxDetections ? [{ id, count }] : [];
  });
  const [first] = found;
  if (first === undefined) return null;
  const most = found.reduce((a, b) => (b.count > a.count ? b : a), first);
  const images = found.length === 1 ? '1 image has' : `${found.length} images have`;
  return {
    code: 'more-than-detections',
    message: `${images} more objects than model.head.decode.maxDetections (${maxDetections}) keeps boxes, ${most.id} ${most.count}: the rest counts as missed`,
    count: found.length,
    files: found.map(({ id }) => id),
  };
}
