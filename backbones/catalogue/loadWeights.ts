import { withoutValues } from '../../engine/shapes/shapes.js';
import { isBelow } from '../frozen.js';
import { architectureOf, type BackboneArch, createClassifier, type Module } from '../index.js';
import { foldStem, inChannelsOf, type Stemmed } from '../stem.js';
import type { CheckpointPart } from '../weights/checkpointParts.js';
import { type Conversion, convertWeights } from '../weights/convert.js';
import type { ParameterSlot, Slots } from '../weights/slot.js';
import { checkComplete, type LoadReport, loadStateDict } from '../weights/stateDict.js';
import type { WeightsFile } from '../weights/weightsFile.js';
import { withWeights } from './fileSource.js';

export interface LoadWeightsOptions {
  /** Architecture of the network. */
  readonly arch: BackboneArch;
  /** Of a checkpoint with two sets of weights. */
  readonly part?: CheckpointPart;
}

/** What was loaded, and what the weights expect of an image; null: what the network says. */
export interface LoadedWeights extends LoadReport, Pick<Conversion, 'preprocessing'> {}

/** Everything is reported, nothing refused. */
const ANYTHING = { partial: ['*'] } as const;

/**
 * Loads a file of weights of any format and known release into a backbone, or into a classifier of the same number of
 * classes. What lies outside the trunk (classifier, neck, heads) may stay unused; the first convolution of RGB weights is
 * made to fit images of other channels as `foldStem` does it.
 *
 * @throws WeightsError when a parameter is missing or of another shape, or the file's trunk has more of them: another architecture
 */
export async function loadWeights(
  network: Module & Stemmed,
  path: string,
  { arch, part }: LoadWeightsOptions,
): Promise<LoadedWeights> {
  const { report, tensors, preprocessing } = await withWeights(
    path,
    (file) => convertFolded(file, arch, network),
    part === undefined ? {} : { part },
  );
  const { stages } = architectureOf(arch);
  checkComplete({
    missing: report.missing.filter((name) => network.parameters.has(name)),
    reshaped: report.reshaped.filter(({ name }) => network.parameters.has(name)),
    unexpected: report.unexpected.filter((name) => stages.some(({ paths }) => isBelow(paths, name))),
  });
  return { ...loadStateDict(network, tensors, { partial: true }), preprocessing };
}

/** The file as the whole network's state dict, its stem folded where that is what it takes. */
function convertFolded(file: WeightsFile, arch: BackboneArch, network: Stemmed): Conversion {
  const inChannels = inChannelsOf(network);
  const slots = slotsOf(arch, inChannels);
  const conversion = convertWeights(file, slots, ANYTHING);
  const stem = `${network.stem}.weight`;
  if (inChannels === 3 || !conversion.report.reshaped.some(({ name }) => name === stem)) return conversion;
  const rgb = convertWeights(file, slotsOf(arch, 3), ANYTHING);
  return rgb.tensors.has(stem) ? { ...rgb, tensors: foldStem(rgb.tensors, network.stem, inChannels) } : conversion;
}

/** Names and shapes of the whole network: a release is known by all of its names. */
function slotsOf(arch: BackboneArch, inChannels: number): Slots {
  return withoutValues(() => {
    const network = createClassifier({ arch, classes: 1000, inChannels, frozen: 'all', seed: 1 });
    const slots = [...network.parameters].map(([name, { variable, layout, role }]): [string, ParameterSlot] => [
      name,
      { layout, role, variable: { shape: [...variable.shape] } },
    ]);
    network.dispose();
    return { parameters: new Map(slots) };
  }).result;
}
