import { type DilatedStage, dropPathRates } from './strides.js';

/** A stage of equal blocks. */
export interface BlockStage extends DilatedStage {
  readonly repeats: number;
  /** That its blocks give. */
  readonly channels: number;
}

/** What a block must know of its place among the others. */
export interface BlockPlace {
  /** Within its stage. */
  readonly index: number;
  readonly stride: number;
  /** Dilation of the window that has the stride, cells. */
  readonly dilation: number;
  /** Dilation of the windows behind that one, cells. */
  readonly lastDilation: number;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Rate of stochastic depth. */
  readonly dropPath: number;
}

/**
 * The blocks of consecutive stages: the first block of a stage has its stride, and all later ones its dilation.
 *
 * @param inChannels of the map the first stage sees
 * @param dropPath   rate of stochastic depth of the very last block
 * @returns          the blocks by stage
 */
export function blockPlaces(
  stages: readonly BlockStage[],
  inChannels: number,
  dropPath: number,
): readonly (readonly BlockPlace[])[] {
  const total = stages.reduce((sum, { repeats }) => sum + repeats, 0);
  const rates = dropPathRates(dropPath, total)[Symbol.iterator]();
  return stages.map(({ repeats, channels, stride, firstDilation, dilation }, i) => {
    const before = stages[i - 1]?.channels ?? inChannels;
    return Array.from({ length: repeats }, (_, index) => ({
      index,
      lastDilation: dilation,
      outChannels: channels,
      dropPath: rates.next().value ?? 0,
      ...(index === 0
        ? { stride, dilation: firstDilation, inChannels: before }
        : { stride: 1, dilation, inChannels: channels }),
    }));
  });
}
