import type { Backbone, Preprocessing } from '../backbones/backbone.js';
import { isWeightsName, weightsEntry } from '../backbones/catalogue/catalogue.js';
import { withWeights } from '../backbones/catalogue/fileSource.js';
import { loadPretrained } from '../backbones/catalogue/pretrained.js';
import type { PullOptions } from '../backbones/catalogue/pull.js';
import type { Module } from '../backbones/module.js';
import { foldNormalisation, foldPreprocessing, foldStem, inChannelsOf, type Stemmed } from '../backbones/stem.js';
import { convertWeights } from '../backbones/weights/convert.js';
import type { HostTensors } from '../backbones/weights/hostTensor.js';
import { loadStateDict } from '../backbones/weights/stateDict.js';
import { readAll } from '../backbones/weights/weightsFile.js';
import { WeightsError } from '../engine/errors.js';
import { isWeightFile } from './locate.js';

const BACKBONE = 'backbone.';
const AVERAGE = 'ema/';

/**
 * Starts a network from pretrained weights: a name of the catalogue (fetched when it is not in the cache), or a file
 * with the weights of a backbone or of a whole network, whose averages win. What does not fit in shape (a head of other
 * classes) keeps its random start.
 *
 * @returns one line that says what was loaded
 * @throws WeightsError when nothing fits
 */
export async function loadStart(model: Startable, weights: string, options: PullOptions): Promise<string> {
  const backbone = backboneOf(model);
  if (isWeightsName(weights) || !isWeightFile(weights)) {
    const { arch } = weightsEntry(weights);
    const { loaded } = await loadPretrained(backbone, weights, options);
    return `weights: ${weights} (${arch}), ${loaded.length} tensors into the backbone`;
  }
  const { tensors: read, preprocessing } = await readTensors(weights, [model, backbone]);
  const stored = averaged(read);
  const isWhole = [...stored.keys()].some((name) => name.startsWith(BACKBONE));
  const target = isWhole ? model : backbone;
  const tensors = prepared(folded(stored, target), target, preprocessing);
  const { loaded, missing, reshaped } = loadStateDict(target, tensors, { partial: true });
  if (loaded.length === 0) {
    throw new WeightsError(`${weights}: none of its ${tensors.size} tensors fits this network: name another file`);
  }
  const random = missing.length + reshaped.length;
  const rest = random === 0 ? '' : `; ${random} start at random, e.g. ${missing[0] ?? reshaped[0]?.name}`;
  return `weights: ${weights}, ${loaded.length} tensors into the ${isWhole ? 'network' : 'backbone'}${rest}`;
}

/** A network that may say which convolution sees the image, and how the image is prepared for it. */
type Startable = Module & Partial<Stemmed> & Partial<Pick<Backbone, 'preprocessing'>>;

/** The backbone inside an assembled network; owns nothing. */
function backboneOf({ stem, preprocessing, ...model }: Startable): Startable {
  const entries = [...model.parameters].filter(([name]) => name.startsWith(BACKBONE));
  const parameters = new Map(entries.map(([name, parameter]) => [name.slice(BACKBONE.length), parameter]));
  const own = stem?.startsWith(BACKBONE) ? { stem: stem.slice(BACKBONE.length) } : {};
  return { parameters, dispose: () => {}, ...own, ...(preprocessing ? { preprocessing } : {}) };
}

/** Weights of RGB images for a network that takes other ones. */
function folded(tensors: HostTensors, { stem, parameters }: Startable): HostTensors {
  if (stem === undefined || !tensors.has(`${stem}.weight`)) return tensors;
  return foldStem(tensors, stem, inChannelsOf({ stem, parameters }));
}

/** Weights that expect other images than the network gets. */
function prepared(
  tensors: HostTensors,
  { stem, preprocessing: to }: Startable,
  from: Preprocessing | null,
): HostTensors {
  return stem === undefined || !from || !to
    ? tensors
    : foldNormalisation(tensors, stem, { from: foldPreprocessing(from, to.mean.length), to });
}

/** Names of other libraries become ours as far as they are the network's, or the backbone's, whichever has more of them. */
function readTensors(
  file: string,
  targets: readonly Module[],
): Promise<{ readonly tensors: HostTensors; readonly preprocessing: Preprocessing | null }> {
  return withWeights(file, (opened) => {
    const found = targets.map((target) => convertWeights(opened, target, { partial: ['*'] }));
    const [best] = found.sort((a, b) => b.tensors.size - a.tensors.size);
    const { preprocessing = null } = best ?? {};
    return { preprocessing, tensors: best && best.release !== 'timm' ? best.tensors : readAll(opened) };
  });
}

/** Of a checkpoint: the averages under the names of their weights, and no optimizer state. */
function averaged(tensors: HostTensors): HostTensors {
  const plain = [...tensors].filter(([name]) => !name.includes('/'));
  const averages = [...tensors].filter(([name]) => name.startsWith(AVERAGE));
  return new Map([...plain, ...averages.map(([name, tensor]) => [name.slice(AVERAGE.length), tensor] as const)]);
}
