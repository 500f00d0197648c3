import { describe, expect, it } from 'vitest';
import { invertedPlan } from '../../../../backbones/families/_inverted/plan.js';
import { toMultipleOf8 } from '../../../../backbones/families/_inverted/spec.js';
import { MOBILENETS } from '../../../../backbones/families/mobilenet/spec.js';
import { efficientNetPlan } from '../../../../backbones/index.js';

describe('the plan of a network of inverted residuals', () => {
  it('adds no input in the first stage of the EdgeTPU networks, though nothing changes its shape there', () => {
    const [first, second] = efficientNetPlan('tf_efficientnet_em').stages;
    expect(first?.blocks.map(({ inChannels, outChannels, hasSkip }) => [inChannels, outChannels, hasSkip])).toEqual([
      [32, 24, false],
      [24, 24, false],
    ]);
    expect(first?.blocks.map(({ hidden }) => hidden)).toEqual([96, 96]); // 4 x the output's 24
    expect(second?.blocks.map(({ hasSkip }) => hasSkip)).toEqual([false, true, true]);
  });

  it('reads a level after the last stage of each stride, the stem included', () => {
    const levels = (arch: keyof typeof MOBILENETS) => {
      const { stemLevel, stages } = invertedPlan(MOBILENETS[arch]);
      return [stemLevel, ...stages.map(({ level }) => level)];
    };
    expect(levels('mobilenetv3_small_100')).toEqual(['P1', 'P2', 'P3', null, 'P4', null, 'P5']);
    expect(levels('mobilenetv3_large_100')).toEqual([null, 'P1', 'P2', 'P3', null, 'P4', null, 'P5']);
  });

  it('keeps the levels where strides become dilations', () => {
    const { stages } = efficientNetPlan('efficientnet_b0', 8);
    expect(stages.map(({ level }) => level)).toEqual(['P1', 'P2', 'P3', null, 'P4', null, 'P5']);
    expect(stages.map(({ stride }) => stride)).toEqual([1, 2, 2, 1, 1, 1, 1]);
    expect(stages.map(({ blocks }) => blocks.map(({ dilation }) => dilation))).toEqual([
      ...[[1], [1, 1], [1, 1]],
      ...[[1, 2, 2], [2, 2, 2], [2, 4, 4, 4], [4]],
    ]);
  });

  it('squeezes to a share of the input in EfficientNet, of the hidden width in MobileNetV3', () => {
    const efficientNet = efficientNetPlan('efficientnet_b0').stages[1]?.blocks[0];
    expect([efficientNet?.inChannels, efficientNet?.hidden, efficientNet?.squeezed]).toEqual([16, 96, 4]);
    const mobileNet = invertedPlan(MOBILENETS.mobilenetv3_large_100).stages[2]?.blocks[0];
    expect([mobileNet?.inChannels, mobileNet?.hidden, mobileNet?.squeezed]).toEqual([24, 72, 24]); // 18 is not of 8
  });

  it.each([
    [32 * 0.35, 16], // 11.2 would round to 8, below 90 %
    [32 * 1.1, 32], // 35.2 rounds down, above 90 %
    [16 * 1.2, 24],
    [1, 8],
    [100, 104],
  ])('rounds %d channels to %d', (exact, rounded) => {
    expect(toMultipleOf8(exact, 0.9)).toBe(rounded);
  });

  it('may round further down where the release does', () => {
    expect(toMultipleOf8(16 * 1.2, 0)).toBe(16);
    expect(efficientNetPlan('tf_efficientnetv2_b3').stages[0]?.channels).toBe(16);
  });
});
