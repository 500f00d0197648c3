import { WEIGHTS_NAMES } from '../backbones/catalogue/catalogue.js';
import { BACKBONE_ARCHS, isBackboneArch } from '../backbones/index.js';
import { formatOf, lacksTruth } from '../datasets/formats/index.js';
import { IGNORED } from '../datasets/sample.js';
import { PRESET_NAMES } from '../heads/presets.js';
import { findReleased, GENERAL_WEIGHTS, RELEASED_NAMES } from '../pretrained/index.js';
import { checkNeck } from './checkNeck.js';
import { TRUTHS } from './datasets.js';
import { isWeightFile } from './locate.js';
import type { Problem } from './problem.js';
import type { Experiment } from './schema.js';
import { didYouMean } from './suggestion.js';

/** Keys that contradict each other, or name things that do not exist. */
export function checkKeys(experiment: Experiment): readonly Problem[] {
  return [
    ...checkTask(experiment),
    ...checkData(experiment),
    ...checkModel(experiment),
    ...checkNeck(experiment),
    ...checkAugment(experiment),
  ];
}

function checkTask({ task, data, model }: Experiment): Problem[] {
  const problems: Problem[] = [];
  const head = task === 'detection' ? 'detection' : 'semantic';
  const lack = lacksTruth(formatOf(data), TRUTHS[task]);
  if (lack !== null) problems.push({ path: ['data', 'kind'], message: `${task}: ${lack}` });
  if (model.head !== null && model.head !== head) {
    problems.push({ path: ['model', 'head'], message: `task ${task} needs head: ${head}, not ${model.head}` });
  }
  if (task === 'segmentation' && data.classes.length > IGNORED) {
    const message = `${data.classes.length} classes are more than the ${IGNORED} a class map can hold: merge some of them`;
    problems.push({ path: ['data', 'classes'], message });
  }
  return problems;
}

function checkData({ data }: Experiment): Problem[] {
  const stated = formatOf(data)
    .check(data)
    .filter(({ missing }) => missing === undefined);
  const problems = stated.map(({ path, message }) => ({ path: ['data', ...path], message }));
  const seen = new Set<string>();
  const repeated = data.classes.find((name) => seen.size === seen.add(name).size);
  if (repeated === undefined) return problems;
  return [{ path: ['data', 'classes'], message: `class '${repeated}' is listed twice` }, ...problems];
}

function checkModel({ task, model }: Experiment): Problem[] {
  const problems: Problem[] = [];
  const { preset, backbone, inputSize } = model;
  if (preset !== null && task === 'segmentation') {
    problems.push({
      path: ['model', 'preset'],
      message: 'presets are detectors: name backbone, neck and head instead',
    });
  }
  if (preset !== null && backbone !== null) {
    problems.push({
      path: ['model', 'backbone'],
      message: `preset ${preset} brings its own backbone: remove one of the two`,
    });
  }
  if (preset !== null && !PRESET_NAMES.some((name) => name === preset)) {
    problems.push({
      path: ['model', 'preset'],
      message: `there is no preset '${preset}'${didYouMean(preset, PRESET_NAMES)}`,
    });
  }
  if (backbone !== null && !isBackboneArch(backbone)) {
    const message = `there is no backbone '${backbone}'${didYouMean(backbone, BACKBONE_ARCHS)}`;
    problems.push({ path: ['model', 'backbone'], message });
  }
  const { weights } = model;
  if (weights !== null && !isWeightFile(weights) && !isKnownWeights(weights)) {
    const message = `there are no weights '${weights}'${didYouMean(weights, KNOWN_WEIGHTS)}`;
    problems.push({ path: ['model', 'weights'], message });
  }
  inputSize?.forEach((side, index) => {
    if (side % 32 === 0) return;
    const near = Math.max(32, Math.round(side / 32) * 32);
    const message = `input sides are multiples of 32 pixels: ${near} instead of ${side}`;
    problems.push({ path: ['model', 'inputSize', String(index)], message });
  });
  return problems;
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
