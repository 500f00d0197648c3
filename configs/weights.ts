import type { Preprocessing, Pretrainable } from '../backbones/backbone.js';
import type { Module } from '../backbones/module.js';
import { foldPreprocessing, foldStem, inChannelsOf } from '../backbones/stem.js';
import { WeightsError } from '../engine/errors.js';
import { requireArchitecture } from '../pretrained/architecture.js';
import { isWeightsName, weightsEntry } from '../pretrained/catalogue.js';
import { type Conversion, convertWeights } from '../pretrained/convert.js';
import { checkFilled, loadWeights } from '../pretrained/files/loadWeights.js';
import { loadPretrained } from '../pretrained/files/pretrained.js';
import type { PullOptions } from '../pretrained/files/pull.js';
import { pullReleased } from '../pretrained/files/pullReleased.js';
import { backboneOf, type ReleasedWeights, sayTenths, startingWeights } from '../pretrained/index.js';
import { preprocessingOf } from '../pretrained/metadata.js';
import { type LoadReport, loadStateDict } from '../pretrained/stateDict.js';
import { withWeights } from '../weights/fileSource.js';
import type { HostTensors } from '../weights/hostTensor.js';
import { readAll } from '../weights/weightsFile.js';
import { isWeightFile } from './locate.js';

const BACKBONE = 'backbone.';
const AVERAGE = 'ema/';

/** A network of which a backbone is a part. */
export interface Startable extends Module, Pick<Pretrainable, 'preprocessing' | 'stem'> {
  readonly backbone: Pretrainable;
}

export interface StartOptions extends PullOptions {
  /** Parameters of the backbone that the file may lack or have in another shape: names, or beginnings that end in '*'. */
  readonly partial?: readonly string[];
}

/**
 * Starts a network from pretrained weights: a name of the catalogue or of a published checkpoint (fetched when it is not in
 * the cache), or a file with the weights of a backbone or of a whole network, whose averages win. The whole backbone must be there; what of a
 * neck or head does not fit in shape (other classes) keeps its random start. Images are prepared as the weights expect it.
 *
 * @returns one line that says what was loaded
 * @throws WeightsError when a parameter of the backbone is missing, misspelt, of another shape or of whole numbers and not
 *   among `partial`, or the weights are of another architecture
 */
export async function loadStart(model: Startable, weights: string, options: StartOptions): Promise<string> {
  const { backbone } = model;
  if (isWeightsName(weights)) {
    const { arch } = weightsEntry(weights);
    const { loaded } = await loadPretrained(backbone, weights, options);
    return `weights: ${weights} (${arch}), ${loaded.length} tensors into the backbone`;
  }
  if (isWeightFile(weights)) return loadFile(model, weights, weights, options);
  return loadReleased(model, startingWeights(weights, backbone.architecture.name), options);
}

/**
 * Starts a network from a published checkpoint, fetched when it is not in the cache; as `loadStart`.
 *
 * @throws WeightsError when it is of another architecture
 */
export async function loadReleased(model: Startable, entry: ReleasedWeights, options: StartOptions): Promise<string> {
  const { backbone } = model;
  requireArchitecture(backbone.architecture, backboneOf(entry) ?? entry.arch, entry.name);
  const { offline, onProgress } = options;
  const path = await pullReleased(entry, {
    offline,
    ...(onProgress ? { onBytes: sayTenths(entry.name, onProgress) } : {}),
  });
  return loadFile(model, path, `${entry.name} (${entry.licence})`, options, entry.preprocessing);
}

/** @param preprocessing what the weights expect of an image, where the file itself does not say it */
async function loadFile(
  model: Startable,
  path: string,
  weights: string,
  { partial = [] }: StartOptions,
  preprocessing: Preprocessing | null = null,
): Promise<string> {
  const { backbone } = model;
  try {
    const whole = await readWhole(path, model);
    const report = whole ? loadWhole(model, whole, partial) : await loadWeights(backbone, path, { partial });
    if (preprocessing) model.preprocessing = foldPreprocessing(preprocessing, inChannelsOf(model));
    return `weights: ${weights}, ${described(report, whole ? 'network' : 'backbone')}`;
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    const { message } = error;
    throw new WeightsError(
      `${message.startsWith(weights) ? '' : `${weights}: `}${message}; name another file, or in model.partial what may start at random`,
    );
  }
}

function described({ loaded, missing, reshaped }: LoadReport, target: string): string {
  const random = missing.length + reshaped.length;
  const rest = random === 0 ? '' : `; ${random} start at random, e.g. ${missing[0] ?? reshaped[0]?.name}`;
  return `${loaded.length} tensors into the ${target}${rest}`;
}

interface Whole extends Pick<Conversion, 'preprocessing' | 'report'> {
  readonly tensors: HostTensors;
}

/** The file as a state dict of the whole network; null when it is a backbone's. */
function readWhole(file: string, model: Startable): Promise<Whole | null> {
  return withWeights(file, (opened) => {
    const { release, tensors, report } = convertWeights(opened, model, { partial: ['*'], preparation: 'own' });
    const found = [...report.loaded, ...report.reshaped.map(({ name }) => name)];
    if (!found.some((name) => name.startsWith(BACKBONE))) return null;
    const preprocessing = preprocessingOf(opened.metadata);
    return { preprocessing, report, tensors: release === 'timm' ? averaged(readAll(opened)) : tensors };
  });
}

function loadWhole(
  model: Startable,
  { tensors, preprocessing, report }: Whole,
  partial: readonly string[],
): LoadReport {
  const { backbone, stem } = model;
  const inChannels = inChannelsOf(model);
  const folded = tensors.has(`${stem}.weight`) ? foldStem(tensors, stem, inChannels) : tensors;
  checkFilled(model, backbone.architecture, { report, tensors: folded }, partial, BACKBONE);
  const loaded = loadStateDict(model, folded, { partial: true });
  if (preprocessing) model.preprocessing = foldPreprocessing(preprocessing, inChannels);
  return loaded;
}

/** Of a checkpoint: the averages under the names of their weights, and no optimizer state. */
function averaged(tensors: HostTensors): HostTensors {
  const plain = [...tensors].filter(([name]) => !name.includes('/'));
  const averages = [...tensors].filter(([name]) => name.startsWith(AVERAGE));
  return new Map([...plain, ...averages.map(([name, tensor]) => [name.slice(AVERAGE.length), tensor] as const)]);
}
