import type { Pretrainable } from '../backbones/backbone.js';
import type { Module } from '../backbones/module.js';
import { WeightsError } from '../engine/errors.js';
import { type LoadAnyOptions, loadWeights } from '../pretrained/files/loadWeights.js';
import { describeLoaded } from '../pretrained/load.js';

/** A network of which a backbone is a part. */
export interface Startable extends Module, Pick<Pretrainable, 'preprocessing' | 'stem'> {
  readonly backbone: Pretrainable;
}

/**
 * Starts a network from pretrained weights, as `loadWeights` does.
 *
 * @returns one line that says what was loaded
 * @throws WeightsError that names the file and what may be left out of it
 */
export async function loadStart(model: Startable, weights: string, options: LoadAnyOptions): Promise<string> {
  try {
    return `weights: ${describeLoaded(await loadWeights(model, weights, options), 'start at random')}`;
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
    const { message } = error;
    throw new WeightsError(
      `${message.startsWith(weights) ? '' : `${weights}: `}${message}; name another file, or in model.partial what may start at random`,
    );
  }
}
