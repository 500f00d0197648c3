import { describe, expect, it } from 'vitest';
import {
  architectureOf,
  BACKBONE_ARCHS,
  type BackboneArch,
  countNetwork,
  createBackbone,
  createClassifier,
  featuresOf,
  levelsOf,
} from '../../backbones/index.js';
import { golden } from '../data.js';

interface Row {
  readonly library: 'timm' | 'torchvision';
  readonly model: string;
  readonly parameters: number;
  readonly statistics: number | null;
  readonly featuresParameters?: number;
  readonly channels?: readonly number[];
  readonly reduction?: readonly number[];
  readonly macs: readonly { readonly size: readonly [number, number]; readonly layers: number; readonly all: number }[];
}

const { rows } = golden<{ rows: readonly Row[] }>('backbones/table.json.gz');
/** torchvision's names of networks that timm has too. */
const TIMM_NAMES: Readonly<Record<string, string>> = { mnasnet1_0: 'mnasnet_100', regnet_y_400mf: 'regnety_004' };
const known = rows.flatMap((row) => {
  const arch = BACKBONE_ARCHS.find((name) => name === (TIMM_NAMES[row.model] ?? row.model));
  return arch === undefined ? [] : [{ ...row, arch }];
});
const trunk = (arch: BackboneArch) => () => createBackbone({ arch, frozen: 'none', seed: 1 });
const whole = (arch: BackboneArch) => () => createClassifier({ arch, classes: 1000, frozen: 'none', seed: 1 });

describe.each(known)('$arch ($library)', ({ arch, ...row }) => {
  it('has the recorded parameters and multiply-accumulates', () => {
    for (const { size, layers, all } of row.macs) {
      const counts = countNetwork(whole(arch), [...size, 3]);
      expect(counts.parameters).toBe(row.parameters);
      expect(counts.statistics).toBe(row.statistics ?? counts.statistics);
      expect(counts.macs).toBe(layers);
      expect(counts.mapMacs).toBe(all - layers);
    }
  });

  it.runIf(row.channels)('has the recorded channels and strides, and no parameter its features do not need', () => {
    const features = featuresOf(architectureOf(arch).stages);
    const ours = levelsOf(features).map((level) => [features[level].stride, features[level].channels]);
    const recorded = row.reduction?.map((stride, i) => [stride, row.channels?.[i]] as const) ?? [];
    const deepest = new Map(recorded); // one map per stride: the deepest
    expect(ours).toEqual([...deepest]);
    expect(countNetwork(trunk(arch), [224, 224, 3]).parameters).toBe(row.featuresParameters);
  });
});

/** torchvision's documentation; the papers round these to millions. */
// biome-ignore format: a table
const PUBLISHED = {
  efficientnet_b0: 5_288_548, efficientnet_b1: 7_794_184, efficientnet_b2: 9_109_994,
  efficientnet_b3: 12_233_232, efficientnet_b4: 19_341_616, efficientnet_b5: 30_389_784,
  efficientnet_b6: 43_040_704, efficientnet_b7: 66_347_960, resnet50: 25_557_032,
  resnet18: 11_689_512, resnet34: 21_797_672, resnet101: 44_549_160, resnet152: 60_192_808,
  vgg11: 132_863_336, vgg13: 133_047_848, vgg16: 138_357_544, vgg19: 143_667_240,
  vgg11_bn: 132_868_840, vgg13_bn: 133_053_736, vgg16_bn: 138_365_992, vgg19_bn: 143_678_248,
  densenet121: 7_978_856, densenet169: 14_149_480, densenet201: 20_013_928,
  shufflenet_v2_x0_5: 1_366_792, shufflenet_v2_x1_0: 2_278_604, shufflenet_v2_x1_5: 3_503_624,
  shufflenet_v2_x2_0: 7_393_996, squeezenet1_1: 1_235_496, alexnet: 61_100_840, googlenet: 6_624_904,
  regnety_004: 4_344_144, regnety_016: 11_202_430, regnety_032: 19_436_338, // regnet_y_400mf, 1_6gf, 3_2gf
} as const satisfies { readonly [A in BackboneArch]?: number };

it('counts what torchvision publishes', () => {
  for (const [arch, parameters] of Object.entries(PUBLISHED)) {
    expect(countNetwork(whole(arch as BackboneArch), [224, 224, 3]).parameters, arch).toBe(parameters);
  }
});
