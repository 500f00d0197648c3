import { expect, it } from 'vitest';
import { REGNETS, regNetStages } from '../../../../backbones/families/regnet/spec.js';

// The model zoo of the release lists depths and widths: github.com/facebookresearch/pycls, MODEL_ZOO.
it.each([
  ['regnety_002', [1, 1, 4, 7], [24, 56, 152, 368]],
  ['regnety_004', [1, 3, 6, 6], [48, 104, 208, 440]],
  ['regnety_006', [1, 3, 7, 4], [48, 112, 256, 608]],
  ['regnety_008', [1, 3, 8, 2], [64, 128, 320, 768]],
  ['regnety_016', [2, 6, 17, 2], [48, 120, 336, 888]],
  ['regnety_032', [2, 5, 13, 1], [72, 216, 576, 1512]],
] as const)('makes the blocks and widths of %s from its line', (arch, depths, widths) => {
  const stages = regNetStages(REGNETS[arch]);
  expect(stages.map(({ repeats }) => repeats)).toEqual(depths);
  expect(stages.map(({ channels }) => channels)).toEqual(widths);
});
