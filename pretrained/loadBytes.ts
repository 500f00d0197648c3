import { openWeights } from '../weights/openWeights.js';
import { type Loadable, type LoadedWeights, type LoadWeightsOptions, loadFile } from './load.js';

/**
 * Loads weights that are in memory into a network: what a browser has of a file. In Node `loadWeights` takes paths and names,
 * too.
 *
 * @param weights bytes of a file, of any format and naming that is known
 * @throws WeightsError when the file does not fill the network, naming what differs
 */
export async function loadWeights(
  network: Loadable,
  weights: Uint8Array,
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  const { part } = options;
  return loadFile(network, openWeights(weights, part ? { part } : {}), 'the file', options);
}
