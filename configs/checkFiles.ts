import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isWeightsPath } from '../pretrained/isWeightsPath.js';
import { describeMissing } from './locate.js';
import type { Problem } from './problem.js';
import type { Experiment, Split } from './schema.js';

/** Files and folders that an experiment names and that are not there. */
export function checkFiles(experiment: Experiment): readonly Problem[] {
  const { data, model } = experiment;
  const problems: Problem[] = [];
  if (!existsSync(data.root)) {
    problems.push({ path: ['data', 'root'], message: describeMissing(data.root) });
  } else if (!statSync(data.root).isDirectory()) {
    problems.push({ path: ['data', 'root'], message: `'${data.root}' is not a folder` });
  } else {
    problems.push(...checkSplits(experiment));
  }
  if (model.weights !== null && isWeightsPath(model.weights) && !existsSync(model.weights)) {
    problems.push({ path: ['model', 'weights'], message: describeMissing(model.weights) });
  }
  return problems;
}

function checkSplits({ task, data }: Experiment): Problem[] {
  const fileOf = (split: Split): string | undefined => {
    if (typeof split !== 'string' || data.kind === 'masks') return undefined;
    if (data.kind === 'coco') return join(data.root, split);
    return join(data.root, 'ImageSets', task === 'detection' ? 'Main' : 'Segmentation', `${split}.txt`);
  };
  return (['train', 'val', 'test'] as const).flatMap((key) => {
    const split = data[key];
    const file = split === null ? undefined : fileOf(split);
    if (file !== undefined) return existsSync(file) ? [] : [{ path: ['data', key], message: describeMissing(file) }];
    if (split === null || data.kind === 'masks') return [];
    const what = data.kind === 'coco' ? 'one annotation file below root' : 'one name in ImageSets';
    return [{ path: ['data', key], message: `kind ${data.kind} takes ${what}` }];
  });
}
