import { describe, expect, it } from 'vitest';
import { blockPlaces } from '../../backbones/places.js';
import { strided } from '../../backbones/strides.js';

const stages = (outputStride: number) =>
  strided([1, 2, 2], 4, outputStride).map((stage, i) => ({ ...stage, repeats: 2, channels: 16 << i }));

describe('places of blocks', () => {
  it('have the stride in the first block of a stage, and the channels of the stage before', () => {
    const places = blockPlaces(stages(32), 8, 0).flat();
    expect(places.map(({ stride }) => stride)).toEqual([1, 1, 2, 1, 2, 1]);
    expect(places.map(({ inChannels }) => inChannels)).toEqual([8, 16, 16, 32, 32, 64]);
    expect(places.map(({ outChannels }) => outChannels)).toEqual([16, 16, 32, 32, 64, 64]);
    expect(places.map(({ index }) => index)).toEqual([0, 1, 0, 1, 0, 1]);
  });

  it('spread the windows behind a stride that is not taken', () => {
    const places = blockPlaces(stages(8), 8, 0).flat();
    expect(places.map(({ stride }) => stride)).toEqual([1, 1, 2, 1, 1, 1]);
    expect(places.map(({ dilation }) => dilation)).toEqual([1, 1, 1, 1, 1, 2]);
    expect(places.map(({ lastDilation }) => lastDilation)).toEqual([1, 1, 1, 1, 2, 2]);
  });

  it('spread the first block of such a stage as its others where whole stages dilate', () => {
    const places = strided([1, 2, 2], 4, 8, true);
    expect(places.map(({ firstDilation, dilation }) => [firstDilation, dilation])).toEqual([
      [1, 1],
      [1, 1],
      [2, 2],
    ]);
  });

  it('share a rate of stochastic depth that grows from 0 over all stages', () => {
    const rates = blockPlaces(stages(32), 8, 0.5).map((places) => places.map(({ dropPath }) => dropPath));
    expect(rates).toEqual([
      [0, 0.1],
      [0.2, 0.3],
      [0.4, 0.5],
    ]);
  });
});
