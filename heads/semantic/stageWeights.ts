import { ConfigError } from '../../engine/errors.js';

/**
 * Weights of the losses of a class map and of the coarser predictions on its way, which sum to 1: as given, or halved from stage
 * to stage, with 0 for the coarsest of several coarser ones.
 *
 * @param stages coarser predictions that the decoder can make
 * @param given  one for the class map and one for each stage, finest first
 * @throws ConfigError for weights of another number, and where the class map or all stages have none
 * @source Isensee et al. 2021, "nnU-Net", doi:10.1038/s41592-020-01008-z, and its code, which leaves the coarsest out
 */
export function stageWeightsOf(stages: number, given: readonly number[] | null): readonly number[] {
  if (given && given.length !== stages + 1) {
    throw new ConfigError(
      `stageWeights has ${given.length} values, the decoder makes a class map and ${stages} coarser ones: give ${stages + 1}`,
    );
  }
  const weights = given ?? Array.from({ length: stages + 1 }, (_, i) => (i === stages && stages > 1 ? 0 : 2 ** -i));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  if (!((weights[0] ?? 0) > 0 && sum > (weights[0] ?? 0))) {
    throw new ConfigError(
      `stageWeights are ${weights.join(', ')}: give the class map a weight, which comes first, and one of the coarser ones`,
    );
  }
  return weights.map((weight) => weight / sum);
}
