import { describe, expect, it } from 'vitest';
import { stageWeightsOf } from '../../../heads/semantic/stageWeights.js';

describe('weights of predictions on the way', () => {
  it('are halved from stage to stage without the coarsest, and sum to 1', () => {
    // nnU-Net: 1 / 2 ** i, the last 0, normalised
    expect(stageWeightsOf(4, null)).toEqual([8 / 15, 4 / 15, 2 / 15, 1 / 15, 0]);
    expect(stageWeightsOf(1, null)).toEqual([2 / 3, 1 / 3]);
  });

  it('are scaled where they are given', () => {
    expect(stageWeightsOf(2, [2, 0, 2])).toEqual([0.5, 0, 0.5]);
  });

  it.each([
    [2, [1, 1], 'stageWeights has 2 values, the decoder makes a class map and 2 coarser ones: give 3'],
    [1, [0, 1], 'stageWeights are 0, 1: give the class map a weight, which comes first, and one of the coarser ones'],
    [1, [1, 0], 'stageWeights are 1, 0: give the class map a weight'],
  ] as const)('are refused: %#', (stages, given, sentence) => {
    expect(() => stageWeightsOf(stages, given)).toThrow(sentence);
  });
});
