import { formatOf, lacksTruth } from '../datasets/formats/index.js';
import type { Truth } from '../datasets/sample.js';
import { didYouMean } from '../datasets/suggestion.js';
import { type OpName, opOf } from '../datasets/transforms/ops/index.js';
import { policyOf } from '../datasets/transforms/policies/index.js';
import { TASKS } from '../heads/index.js';
import { WEIGHTS_NAMES } from '../pretrained/catalogue.js';
import { findReleased, GENERAL_WEIGHTS, RELEASED_NAMES } from '../pretrained/index.js';
import { isWeightsPath } from '../pretrained/isWeightsPath.js';
import { firstRgbOp } from './augmentation.js';
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
    ...checkTiles(experiment),
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
  if (truth !== 'classMap' && data.mode !== 'multiclass') {
    const message = `${data.mode} is of the pixels of class maps, and the task is ${task}: leave it out`;
    problems.push({ path: ['data', 'mode'], message });
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
  const { scale, ops, policy, fit, foreground } = augment;
  const isNative = (fit ?? TASKS[task].augmentation.fit) === 'native';
  const problems: Problem[] = ops.flatMap(({ op, range }, i) => {
    const message = wrongRange(op, range);
    return message === null ? [] : [{ path: ['augment', 'ops', String(i), 'range'], message }];
  });
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
  const { truth } = TASKS[task];
  if (isNative && foreground > 0 && truth !== 'classMap') {
    const message = `foreground chooses crops of class maps, and ${task} has ${WORDS[truth]}: leave it at 0`;
    problems.push({ path: ['augment', 'foreground'], message });
  }
  for (const name of ['mosaic', 'mixup', 'cutmix', 'copyPaste'] as const) {
    if ((augment[name].probability ?? 0) === 0 || MIXED[name].includes(truth)) continue;
    const message = `${name} cannot join ${WORDS[truth]}: leave it at 0 in ${task}`;
    problems.push({ path: ['augment', name, 'probability'], message });
  }
  if (data.intensity === 'auto' || data.intensity === 'rgb') return problems;
  const named = policy === 'auto' || policy === 'none' ? [] : policyOf(policy).ops;
  const refused = firstRgbOp([...named, ...ops.map(({ op }) => op)]);
  if (refused !== undefined) {
    const path = named.includes(refused) ? ['augment', 'policy'] : ['augment', 'ops'];
    const rule = typeof data.intensity === 'string' ? data.intensity : 'window';
    const message = `${refused} is for 8-bit RGB images, and with data.intensity: ${rule} images keep their own depth: take policy: nnunet, or ops that are for any image`;
    problems.push({ path, message });
  }
  return problems;
}

function checkTiles({ task, evaluate }: Experiment): Problem[] {
  if (evaluate.tileBlend === 'deepest' || TASKS[task].stitching.blend) return [];
  const message = `gaussian blends the probabilities of class maps, and the task is ${task}: leave it at deepest`;
  return [{ path: ['evaluate', 'tileBlend'], message }];
}

/** The truths that can be had of several images at once. */
const MIXED: { readonly [name in 'mosaic' | 'mixup' | 'cutmix' | 'copyPaste']: readonly Truth['kind'][] } = {
  mosaic: ['boxes', 'instances', 'classMap', 'panoptic'],
  mixup: ['boxes', 'instances', 'labels'],
  cutmix: ['boxes', 'instances', 'classMap', 'labels'],
  copyPaste: ['instances'],
};
const WORDS = {
  boxes: 'objects without masks',
  instances: 'objects',
  classMap: 'class maps',
  labels: 'classes of whole images',
  panoptic: 'objects on class maps',
} as const;

function wrongRange(name: OpName, [low, high]: readonly [number, number]): string | null {
  const { limits, value } = opOf(name);
  if (value === 'none') return null;
  const [least, most] = limits;
  if (low === 0 && high === 0) return `${name} needs its range: ${value}, from ${least} to ${most}`;
  if (low > high) return `the smaller value comes first: [${high}, ${low}]`;
  if (low >= least && high <= most) return null;
  return `${name} takes ${value}, from ${least} to ${most}, not [${low}, ${high}]`;
}
