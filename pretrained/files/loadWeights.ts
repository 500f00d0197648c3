import { existsSync } from 'node:fs';
import { foldPreprocessing, inChannelsOf } from '../../backbones/stem.js';
import { ConfigError } from '../../engine/errors.js';
import { withWeights } from '../../weights/fileSource.js';
import { openWeights } from '../../weights/openWeights.js';
import type { WeightsFile } from '../../weights/weightsFile.js';
import { requireArchitecture } from '../architecture.js';
import { isWeightsName, weightsEntry } from '../catalogue.js';
import { isWeightsPath } from '../isWeightsPath.js';
import { type Loadable, type LoadedWeights, type LoadWeightsOptions, loadFile, trunkOf } from '../load.js';
import { backboneOf, startingWeights, type WeightsSource } from '../networks.js';
import { sayTenths } from '../progress.js';
import type { ReleasedWeights } from '../released.js';
import { type PullOptions, pullWeights } from './pull.js';
import { type PullReleasedOptions, pullReleased } from './pullReleased.js';

export interface LoadAnyOptions
  extends LoadWeightsOptions,
    Partial<PullOptions>,
    Pick<PullReleasedOptions, 'onBytes'> {}

/**
 * Loads weights into a network: a backbone, a classifier, a detector, a segmenter, or any module by its own names. They may be
 * of any format and naming that is known; `openWeights` and `convertWeights` list them. What comes before a network's names in
 * the file (`model.`, `backbone.`, `module.`, ...) is found by itself.
 *
 * A backbone's every parameter must be in the file; a classifier, neck or head of other classes keeps its values where
 * shapes differ. RGB weights are made to fit images of other channels, and the network's `preprocessing` becomes what the
 * weights expect. Nothing is changed when it throws.
 *
 * @param weights a file; the bytes of one; or the name of published weights, of a network (its best ones), or `imagenet` or
 *   `coco` (the best for the network's backbone), which are fetched when they are not in the cache
 * @returns       what was loaded, what keeps its values, and what the file has beside; `describeLoaded` says it in one line
 * @throws WeightsError when the file does not fill the backbone, naming what differs; ConfigError for an unknown name;
 *   EspalierError when weights cannot be fetched
 */
export async function loadWeights(
  network: Loadable,
  weights: WeightsSource | Uint8Array,
  options: LoadAnyOptions = {},
): Promise<LoadedWeights> {
  const { part } = options;
  const load = (source: string) => (file: WeightsFile) => loadFile(network, file, source, options);
  if (typeof weights !== 'string') return load('the file')(openWeights(weights, part ? { part } : {}));
  if (isWeightsName(weights)) return loadCatalogued(network, weights, options);
  if (isWeightsPath(weights) || existsSync(weights)) return withWeights(weights, load(weights), part ? { part } : {});
  const trunk = trunkOf(network);
  if (!trunk)
    throw new ConfigError(`published weights '${weights}' go into a backbone, classifier, detector or segmenter`);
  return loadReleased(network, startingWeights(weights, trunk.architecture.name), options);
}

/** `loadWeights` of an entry of our own catalogue. */
async function loadCatalogued(network: Loadable, name: string, options: LoadAnyOptions): Promise<LoadedWeights> {
  const trunk = trunkOf(network);
  if (trunk) requireArchitecture(trunk.architecture, weightsEntry(name).arch, name);
  const path = await pullWeights(name, { offline: false, ...options });
  return withWeights(path, (file) => loadFile(network, file, `${name} (${weightsEntry(name).arch})`, options));
}

/**
 * `loadWeights` of a published checkpoint, fetched when it is not in the cache; images are prepared as its publisher says.
 *
 * @throws WeightsError when it is of another architecture, before anything is fetched
 */
export async function loadReleased(
  network: Loadable,
  entry: ReleasedWeights,
  options: LoadAnyOptions = {},
): Promise<LoadedWeights> {
  const trunk = trunkOf(network);
  if (trunk) requireArchitecture(trunk.architecture, backboneOf(entry) ?? entry.arch, entry.name);
  const { offline = false, onProgress, onBytes = onProgress && sayTenths(entry.name, onProgress), part } = options;
  const path = await pullReleased(entry, onBytes ? { offline, onBytes } : { offline });
  const loaded = await withWeights(
    path,
    (file) => loadFile(network, file, `${entry.name} (${entry.licence})`, options),
    part ? { part } : {},
  );
  const { preprocessing } = entry;
  if (!preprocessing || !trunk) return loaded;
  trunk.preprocessing = foldPreprocessing(preprocessing, inChannelsOf(trunk));
  return { ...loaded, preprocessing };
}
