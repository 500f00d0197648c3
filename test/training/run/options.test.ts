import { expect, test } from 'vitest';
import { rateFactors } from '../../../training/run/options.js';

const STAGES = [['conv_stem', 'bn1'], ['blocks.0'], ['blocks.1'], ['blocks.10']];

test('each stage before the last learns slower by the factor, below the rate of the backbone', () => {
  const rateOf = rateFactors({ backboneRate: 0.5, layerDecay: 0.8 }, STAGES);
  const expected = {
    'backbone.blocks.10.conv.weight': 0.5 * 0.8,
    'backbone.blocks.1.0.bn.bias': 0.5 * 0.8 ** 2,
    'backbone.blocks.0.0.conv.weight': 0.5 * 0.8 ** 3,
    'backbone.bn1.weight': 0.5 * 0.8 ** 4,
    'backbone.conv_head.weight': 0.5, // after the last stage
    'fpn.cell.0.weight': 1,
    'class_net.predict.bias': 1,
  };
  for (const [name, rate] of Object.entries(expected)) expect(rateOf(name), name).toBeCloseTo(rate, 12);
});

test('without a decay, and where stages are not known, the backbone learns at its rate', () => {
  expect(rateFactors({ backboneRate: 0.25, layerDecay: 1 }, STAGES)('backbone.blocks.0.x')).toBe(0.25);
  expect(rateFactors({ backboneRate: 0.25, layerDecay: 0.5 }, [])('backbone.blocks.0.x')).toBe(0.25);
});
