import { openCoco } from '../datasets/coco.js';
import type { Dataset, Warning } from '../datasets/dataset.js';
import { openMasks } from '../datasets/masks.js';
import type { DetectionTruth, LabelMap } from '../datasets/sample.js';
import { openVoc } from '../datasets/voc.js';
import { ConfigError } from '../engine/errors.js';
import { headOf } from './network.js';
import type { Experiment } from './schema.js';

export type SplitName = 'train' | 'val' | 'test';

/**
 * Opens one split of the experiment's data.
 *
 * @param labels those of the training split, so that every split counts the same classes; absent for that one
 * @throws ConfigError when the experiment does not name the split; DataError for files that cannot be used
 */
export async function openSplit(experiment: Experiment, split: SplitName, labels?: LabelMap): Promise<Dataset> {
  const dataset = await openListed(experiment, split, labels);
  const crowded = split === 'train' ? null : crowdedImages(dataset, mostDetections(experiment));
  return crowded === null ? dataset : { ...dataset, warnings: [...dataset.warnings, crowded] };
}

/** Of an image, as the head decodes them. */
function mostDetections({ model }: Experiment): number {
  return headOf({ model }).limits(model.head).maxDetections;
}

/** What says that images have more objects than boxes are kept, so that AP cannot reach 1. */
function crowdedImages({ entries }: Dataset, maxDetections: number): Warning | null {
  const found = entries.flatMap(({ id, truth }) => {
    const { kind, ignored = new Uint8Array(0) } = truth as Partial<DetectionTruth>;
    const count = kind === 'boxes' ? ignored.reduce((sum, skip) => sum + (skip ? 0 : 1), 0) : 0;
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

async function openListed(experiment: Experiment, split: SplitName, labels?: LabelMap): Promise<Dataset> {
  const { data, task } = experiment;
  const named = data[split];
  if (named === null)
    throw new ConfigError(`the config names no split '${split}': add data.${split}, or choose another split`);
  const { root } = data;
  const given = labels ?? (data.classes.length > 0 ? data.classes : undefined);
  const classes = given === undefined ? {} : { classes: given };
  if (data.kind === 'masks') {
    const values = Object.keys(data.values).length > 0 ? { values: data.values } : {};
    const { images, masks, otherValues } = data;
    if (images === null || masks === null) throw new ConfigError('kind masks needs data.images and data.masks');
    const list = typeof named === 'number' ? String(named) : named;
    return openMasks({ root, images, masks, split: list, classes: given ?? [], ...values, otherValues });
  }
  if (typeof named !== 'string') throw new ConfigError(`data.${split}: kind ${data.kind} takes one name`);
  if (data.kind === 'voc') {
    const options = { root, split: named, ...classes };
    return task === 'detection' ? openVoc({ ...options, task }) : openVoc({ ...options, task });
  }
  const positions = split === 'train' ? data.trainIndices : split === 'val' ? data.valIndices : null;
  const indices = positions === null ? {} : { indices: positions };
  const options = { root, annotations: named, images: data.images ?? '', ...classes, ...indices };
  return task === 'detection' ? openCoco({ ...options, task }) : openCoco({ ...options, task });
}
