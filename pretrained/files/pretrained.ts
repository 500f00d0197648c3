import type { Pretrainable } from '../../backbones/backbone.js';
import type { Module } from '../../backbones/module.js';
import { foldPreprocessing, foldStem, inChannelsOf } from '../../backbones/stem.js';
import { WeightsError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { readSafetensors } from '../../weights/safetensors.js';
import { requireArchitecture } from '../architecture.js';
import { weightsEntry } from '../catalogue.js';
import { checkComplete, compareStateDict, type LoadReport, loadStateDict } from '../stateDict.js';
import { type PullOptions, pullWeights } from './pull.js';

/** The layer that belongs to the classes of the data it was trained on. */
const CLASSIFIER = /^classifier\./;
/** Of a file of the catalogue. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Loads catalogue weights into a backbone, or into a classifier of the same architecture; pulls them first when they are
 * not in the cache. The layers after the last feature map are left out of a backbone; a classifier of other classes
 * keeps its own last layer; where the network says which convolution sees the image, that one is made to fit images of
 * other than three channels, see `foldStem`. What the weights expect of an image becomes the network's `preprocessing`.
 *
 * @param module of a detector or segmenter: its `backbone`
 * @returns what was loaded; `unexpected` names the weights the module has no place for
 * @throws WeightsError when the weights are of another architecture: by its name, or because a parameter other than the
 *   classifier's is missing or of another shape
 */
export async function loadPretrained(
  module: Module & Partial<Pretrainable>,
  name: string,
  options: PullOptions = { offline: false },
): Promise<LoadReport> {
  const { arch, preprocessing } = weightsEntry(name);
  if (module.architecture) requireArchitecture(module.architecture, arch, name);
  const path = await pullWeights(name, options);
  const { tensors: stored } = readSafetensors(readRegular(path, limitOf(path)));
  const { stem, parameters } = module;
  const tensors = stem === undefined ? stored : foldStem(stored, stem, inChannelsOf({ stem, parameters }));
  const report = compareStateDict(module, tensors);
  checkComplete({
    missing: report.missing.filter((key) => !CLASSIFIER.test(key)),
    reshaped: report.reshaped.filter((difference) => !CLASSIFIER.test(difference.name)),
    unexpected: [],
  });
  const loaded = loadStateDict(module, tensors, { partial: true });
  if (module.preprocessing) module.preprocessing = foldPreprocessing(preprocessing, module.preprocessing.mean.length);
  return loaded;
}

const limitOf = (path: string) => ({
  maxBytes: MAX_BYTES,
  refuse: (problem: string) => new WeightsError(`${path} cannot be read: ${problem}`),
});
