import type { Pretrainable } from '../../backbones/backbone.js';
import type { OwnArchitecture } from '../../backbones/family.js';
import { isBelow } from '../../backbones/frozen.js';
import { architectureOf, createClassifier } from '../../backbones/index.js';
import type { Module } from '../../backbones/module.js';
import { foldPreprocessing, foldStem, inChannelsOf } from '../../backbones/stem.js';
import { ConfigError } from '../../engine/errors.js';
import { withoutValues } from '../../engine/shapes/shapes.js';
import { withWeights } from '../../weights/fileSource.js';
import type { CheckpointPart } from '../../weights/pytorch/checkpointParts.js';
import type { WeightsFile } from '../../weights/weightsFile.js';
import { requireArchitecture } from '../architecture.js';
import { allowance, type Conversion, convertWeights } from '../convert.js';
import type { ParameterSlot, Slots } from '../slot.js';
import { checkComplete, compareStateDict, type LoadReport, loadStateDict } from '../stateDict.js';

export interface LoadWeightsOptions {
  /** Architecture that the weights are meant to be of: an error unless it is the network's. The network's when absent. */
  readonly arch?: string;
  /** Of a checkpoint with two sets of weights. */
  readonly part?: CheckpointPart;
  /**
   * Parameters that the file may lack or have in another shape, which keep their values, and tensors of the file that may
   * stay unused: names, or beginnings of names that end in '*'. None when absent.
   */
  readonly partial?: readonly string[];
}

/** What was loaded, and what the weights expect of an image; null: the file does not say, the network's own stays. */
export interface LoadedWeights extends LoadReport, Pick<Conversion, 'preprocessing'> {}

/** Everything is reported, nothing refused. */
const ANYTHING = { partial: ['*'] } as const;
/** Of a whole network whose file has other classes, which does not matter to a backbone. */
const CLASSES = 1000;

/**
 * Loads a file of weights of any format and known release into a backbone, or into a classifier of the same number of
 * classes. What lies outside the trunk (classifier, neck, heads) may stay unused; the first convolution of RGB weights is
 * made to fit images of other channels as `foldStem` does it. What the weights expect of an image becomes the network's
 * `preprocessing`. Nothing is changed when it throws.
 *
 * @throws WeightsError when a parameter is missing, of another shape or of whole numbers, the file's trunk has more of them,
 *   or the file says that it is of another architecture; ConfigError when the network is no backbone or classifier, or not of `arch`
 */
export async function loadWeights(
  network: Pretrainable,
  path: string,
  { arch, part, partial = [] }: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  if (!network.architecture) {
    throw new ConfigError('weights go into a backbone or a classifier: of a detector or segmenter give model.backbone');
  }
  requireArchitecture(network.architecture, arch, 'options.arch', ConfigError);
  const { report, tensors, preprocessing } = await withWeights(
    path,
    (file) => {
      requireArchitecture(network.architecture, file.metadata.architecture, path);
      return convertFolded(file, network);
    },
    part === undefined ? {} : { part },
  );
  checkFilled(network, network.architecture, { report, tensors }, partial);
  const loaded = loadStateDict(network, tensors, { partial: true });
  if (preprocessing) network.preprocessing = foldPreprocessing(preprocessing, inChannelsOf(network));
  return { ...loaded, preprocessing };
}

/**
 * Every parameter of the backbone or classifier has its tensor, and the file's trunk is no larger.
 *
 * @param module    what is filled: the backbone itself, or a network of which it is the part below `prefix`
 * @param partial   names, without the prefix, or beginnings of names that end in '*', of what may be otherwise
 * @throws WeightsError naming what differs
 */
export function checkFilled(
  module: Module,
  architecture: OwnArchitecture,
  { report, tensors }: Pick<Conversion, 'report' | 'tensors'>,
  partial: readonly string[],
  prefix = '',
): void {
  const isAllowed = allowance(partial);
  const isNeeded = (name: string): boolean => name.startsWith(prefix) && !isAllowed(name.slice(prefix.length));
  const { loaded, missing, reshaped } = compareStateDict(module, tensors);
  const fits = new Set(loaded);
  const known = report.reshaped.filter(({ name }) => module.parameters.has(name) && !fits.has(name));
  const shapes = new Map([...known, ...reshaped].map((difference) => [difference.name, difference] as const));
  const lacking = missing.filter((name) => isNeeded(name) && !shapes.has(name));
  const { stages } = architectureOf(architecture);
  const isTrunk = (name: string): boolean => stages.some(({ paths }) => isBelow(paths, name.slice(prefix.length)));
  checkComplete({
    missing: lacking,
    reshaped: [...shapes.values()].filter(({ name }) => isNeeded(name)),
    // Names outside the trunk tell what the file has instead of what it lacks.
    unexpected: report.unexpected.filter((name) => isNeeded(name) && (lacking.length > 0 || isTrunk(name))),
  });
}

/** The file as the whole network's state dict, its stem folded where that is what it takes. */
function convertFolded(file: WeightsFile, network: Pretrainable): Conversion {
  const inChannels = inChannelsOf(network);
  const conversion = convertWeights(file, wholeSlots(network, inChannels), ANYTHING);
  const stem = `${network.stem}.weight`;
  if (inChannels === 3 || !conversion.report.reshaped.some(({ name }) => name === stem)) return conversion;
  const rgb = convertWeights(file, wholeSlots(network, 3), ANYTHING);
  return rgb.tensors.has(stem) ? { ...rgb, tensors: foldStem(rgb.tensors, network.stem, inChannels) } : conversion;
}

/** Names and shapes of the whole network: a release is known by all of its names. */
function wholeSlots({ architecture: arch, ...network }: Pretrainable, inChannels: number): Slots {
  const classes = 'classes' in network ? Number(network.classes) : CLASSES;
  return withoutValues(() => {
    const whole = createClassifier({ arch, classes, inChannels, frozen: 'all', seed: 1 });
    const slots = [...whole.parameters].map(([name, { variable, layout, role }]): [string, ParameterSlot] => [
      name,
      { layout, role, variable: { shape: [...variable.shape] } },
    ]);
    whole.dispose();
    return { parameters: new Map(slots) };
  }).result;
}
