import { describe, expect, it } from 'vitest';
import { architectureOf, featuresOf, type SegmentationEncoder, segmentationEncoder } from '../../backbones/index.js';
import { segmentationModelsNames } from '../../pretrained/naming/segmentationModels.js';

const channelsOf = (name: SegmentationEncoder) =>
  Object.values(featuresOf(architectureOf(segmentationEncoder(name)).stages)).map(({ channels }) => channels);

describe('encoders of segmentation_models_pytorch', () => {
  it.each([
    ['resnet34', [64, 64, 128, 256, 512]],
    ['resnet50', [64, 256, 512, 1024, 2048]],
    ['efficientnet-b0', [32, 24, 40, 112, 320]],
    ['efficientnet-b3', [40, 32, 48, 136, 384]],
    ['efficientnet-b7', [64, 48, 80, 224, 640]],
  ] as const)('%s has the published widths', (name, channels) => {
    expect(channelsOf(name)).toEqual(channels);
  });

  it('are refused by another name, with the list', () => {
    expect(() => segmentationEncoder('mit_b0' as SegmentationEncoder)).toThrow(
      "no encoder is called 'mit_b0': use one of resnet18",
    );
  });
});

describe('names of segmentation_models_pytorch', () => {
  const target = ['backbone.conv_stem.weight', 'backbone.bn1.weight', 'backbone.stages.0.blocks.0.gamma'];

  it.each([
    ['encoder._conv_stem.weight', 'backbone.conv_stem.weight'],
    ['encoder._conv_head.weight', null],
    ['encoder.layer1.0.conv1.weight', 'backbone.layer1.0.conv1.weight'],
    ['encoder.model.stages_0.blocks.0.gamma', 'backbone.stages.0.blocks.0.gamma'],
    ['decoder.0.convs.0.0.weight', 'decoder.aspp.convs.0.0.weight'],
    ['decoder.blocks.0.conv1.0.weight', 'decoder.blocks.0.conv1.0.weight'],
    ['segmentation_head.0.bias', 'segmentation_head.0.bias'],
  ])('%s is %s', (name, own) => {
    expect(segmentationModelsNames(target)(name)).toBe(own);
  });
});
