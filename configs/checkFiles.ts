import { existsSync, statSync } from 'node:fs';
import { type DataProblem, formatOf } from '../datasets/formats/index.js';
import { isWeightsPath } from '../pretrained/isWeightsPath.js';
import { describeMissing } from './locate.js';
import type { Problem } from './problem.js';
import type { Experiment } from './schema.js';

/** Files and folders that an experiment names and that are not there. */
export function checkFiles(experiment: Experiment): readonly Problem[] {
  const { data, model } = experiment;
  const problems: Problem[] = [];
  if (!existsSync(data.root)) {
    problems.push({ path: ['data', 'root'], message: describeMissing(data.root) });
  } else if (!statSync(data.root).isDirectory()) {
    problems.push({ path: ['data', 'root'], message: `'${data.root}' is not a folder` });
  } else {
    problems.push(...formatOf(data).check(data).flatMap(missingFile));
  }
  if (model.weights !== null && isWeightsPath(model.weights) && !existsSync(model.weights)) {
    problems.push({ path: ['model', 'weights'], message: describeMissing(model.weights) });
  }
  return problems;
}

function missingFile({ path, missing }: DataProblem): Problem[] {
  return missing === undefined ? [] : [{ path: ['data', ...path], message: describeMissing(missing) }];
}
