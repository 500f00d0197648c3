import type { OwnArchitecture } from '../backbones/family.js';
import { isBackboneArch } from '../backbones/index.js';
import { WeightsError } from '../engine/errors.js';

/**
 * Refuses weights of one architecture for a network of another, though their tensors may fit: paddings and depths differ
 * where names do not.
 *
 * @param found  what the weights say they are of; a name that no backbone has says nothing, nor does undefined
 * @param source of the weights, for the error
 * @param Kind   class of the error
 * @throws WeightsError, or an error of the class given, that names both
 */
export function requireArchitecture(
  { name }: Pick<OwnArchitecture, 'name'>,
  found: string | undefined,
  source: string,
  Kind: new (message: string) => Error = WeightsError,
): void {
  if (found === undefined || found === name || !isBackboneArch(found) || !isBackboneArch(name)) return;
  throw new Kind(`${source}: these are weights of ${found}, the network is ${name}: use weights of ${name}`);
}
