import { isDeepStrictEqual } from 'node:util';
import { BACKGROUND } from '../datasets/labels.js';
import { TASKS } from '../heads/index.js';
import { WEIGHTS_NAMES } from '../pretrained/catalogue.js';
import { findReleased, GENERAL_WEIGHTS, RELEASED_NAMES } from '../pretrained/index.js';
import { isWeightsPath } from '../pretrained/isWeightsPath.js';
import { checkModel, checkParts } from './checkModel.js';
import { MOST_FINDINGS } from './messages.js';
import type { Problem } from './problem.js';
import type { Experiment } from './schema.js';
import { didYouMean } from './suggestion.js';

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
  if (truth === 'boxes' && data.kind === 'masks') {
    problems.push({ path: ['data', 'kind'], message: 'detection learns from boxes: kind coco or voc, not masks' });
  }
  if (data.classes.length > mostClasses) {
    const message = `${data.classes.length} classes are more than the ${mostClasses} that ${task} can tell apart: merge some of them`;
    problems.push({ path: ['data', 'classes'], message });
  }
  return problems;
}

const MEANINGLESS = {
  coco: ['masks', 'values', 'otherValues'],
  voc: ['images', 'masks', 'values', 'otherValues', 'trainIndices', 'valIndices'],
  masks: ['trainIndices', 'valIndices'],
} as const;

/** Defaults that are not null. */
const UNSET = { values: {}, otherValues: 'error' } as const;

function checkData({ data }: Experiment): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  const repeated = data.classes.find((name) => seen.size === seen.add(name).size);
  if (repeated !== undefined) {
    problems.push({ path: ['data', 'classes'], message: `class '${repeated}' is listed twice` });
  }
  for (const key of MEANINGLESS[data.kind]) {
    if (data[key] === null || isDeepStrictEqual(data[key], UNSET[key as keyof typeof UNSET])) continue;
    problems.push({ path: ['data', key], message: `'${key}' has no meaning for kind ${data.kind}: remove it` });
  }
  if (data.kind !== 'masks') return problems;
  for (const key of ['images', 'masks'] as const) {
    if (data[key] === null) {
      problems.push({ path: ['data'], message: `kind masks needs data.${key}, a glob such as ${key}/*.png` });
    }
  }
  if (data.classes.length === 0) {
    problems.push({ path: ['data'], message: 'kind masks needs data.classes, for example [background, cell]' });
  }
  return [...problems, ...checkValues(data.values, data.classes)];
}

function checkValues(values: Experiment['data']['values'], classes: readonly string[]): Problem[] {
  const known = new Set(classes);
  let looked = 0;
  return Object.entries(values).flatMap(([value, name]) => {
    const path = ['data', 'values', value];
    const isImplied = name === 'ignore' || (name === BACKGROUND && classes.length === 1);
    if (!known.has(name) && !isImplied) {
      const hint = looked++ < MOST_FINDINGS ? didYouMean(name, classes) : '';
      return [{ path, message: `'${name}' is not one of data.classes${hint}` }];
    }
    return Number(value) > 65_535 ? [{ path, message: `a mask pixel is at most 65535, not ${value}` }] : [];
  });
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

function checkAugment({ augment }: Experiment): Problem[] {
  const { scale } = augment;
  if (scale === null || scale[0] <= scale[1]) return [];
  return [{ path: ['augment', 'scale'], message: `the smaller scale comes first: [${scale[1]}, ${scale[0]}]` }];
}
