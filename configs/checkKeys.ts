import { formatOf, lacksTruth } from '../datasets/formats/index.js';
import { didYouMean } from '../datasets/suggestion.js';
import { TASKS } from '../heads/index.js';
import { WEIGHTS_NAMES } from '../pretrained/catalogue.js';
import { findReleased, GENERAL_WEIGHTS, RELEASED_NAMES } from '../pretrained/index.js';
import { isWeightsPath } from '../pretrained/isWeightsPath.js';
import { checkModel, checkParts } from './checkModel.js';
import type { Problem } from './problem.js';
import type { Experiment } from './schema.js';

/** Keys that contradict each other, or name things that do not exist. */
export function checkKeys(experiment: Experiment): readonly Problem[] {
  const problems = [
    ...checkTruth(experiment),
    ...checkData(experiment),
    ...checkWeights(experiment),
    ...checkModel(experiment),
    ...checkAugment(experiment),
  ];
  return problems.length > 0 ? problems : checkParts(experiment);
}

/** The truth that the task learns from, and how many classes it can hold. */
function checkTruth({ task, data }: Experiment): Problem[] {
  const problems: Problem[] = [];
  const { truth, mostClasses } = TASKS[task];
  const lack = lacksTruth(formatOf(data), truth);
  if (lack !== null) problems.push({ path: ['data', 'kind'], message: `${task}: ${lack}` });
  if (data.classes.length > mostClasses) {
    const message = `${data.classes.length} classes are more than the ${mostClasses} that ${task} can tell apart: merge some of them`;
    problems.push({ path: ['data', 'classes'], message });
  }
  return problems;
}

function checkData({ data }: Experiment): Problem[] {
  const stated = formatOf(data)
    .check(data)
    .filter(({ missing }) => missing === undefined);
  const problems: Problem[] = stated.map(({ path, message }) => ({ path: ['data', ...path], message }));
  problems.push(...checkFolds(data));
  const seen = new Set<string>();
  const repeated = data.classes.find((name) => seen.size === seen.add(name).size);
  if (repeated === undefined) return problems;
  return [{ path: ['data', 'classes'], message: `class '${repeated}' is listed twice` }, ...problems];
}

function checkFolds({ folds, fold, val }: Experiment['data']): Problem[] {
  if (folds === null) return [];
  if (fold >= folds) {
    return [{ path: ['data', 'fold'], message: `there are folds 0 to ${folds - 1}, and fold is ${fold}` }];
  }
  if (val === 'auto') return [];
  const message = 'data.folds takes validation images from those of training: leave data.val out';
  return [{ path: ['data', 'val'], message }];
}

function checkWeights({ model: { weights } }: Experiment): Problem[] {
  if (weights === null || isWeightsPath(weights) || isKnownWeights(weights)) return [];
  const message = `there are no weights '${weights}'${didYouMean(weights, KNOWN_WEIGHTS)}`;
  return [{ path: ['model', 'weights'], message }];
}

const KNOWN_WEIGHTS = [...WEIGHTS_NAMES, ...Object.keys(GENERAL_WEIGHTS), ...RELEASED_NAMES];

function isKnownWeights(name: string): boolean {
  return KNOWN_WEIGHTS.includes(name) || findReleased(name) !== undefined;
}

function checkAugment({ task, data, augment }: Experiment): Problem[] {
  const { scale, fit, foreground } = augment;
  const isNative = (fit ?? TASKS[task].augmentation.fit) === 'native';
  const problems: Problem[] = [];
  if (scale !== null && scale[0] > scale[1]) {
    problems.push({ path: ['augment', 'scale'], message: `the smaller scale comes first: [${scale[1]}, ${scale[0]}]` });
  }
  if (!isNative && Reflect.get(data, 'spacing')) {
    const message = 'letterbox resizes images until they fit, which leaves no spacing: leave one of them out';
    problems.push({ path: ['data', 'spacing'], message });
  }
  if (!isNative && foreground > 0) {
    const message = 'letterbox shows whole images, of which no crops are chosen: write fit: native, or foreground: 0';
    problems.push({ path: ['augment', 'foreground'], message });
  }
  return problems;
}
