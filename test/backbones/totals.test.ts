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
const TIMM_NAMES: Readonly<Record<string, string>> = { mnasnet1_0: 'mnasnet_100' };
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
const PUBLISHED = {
  ...{ efficientnet_b0: 5_288_548, efficientnet_b1: 7_794_184, efficientnet_b2: 9_109_994 },
  ...{ efficientnet_b3: 12_233_232, efficientnet_b4: 19_341_616, efficientnet_b5: 30_389_784 },
  ...{ efficientnet_b6: 43_040_704, efficientnet_b7: 66_347_960, resnet50: 25_557_032 },
} as const satisfies { readonly [A in BackboneArch]?: number };

it('counts what torchvision publishes', () => {
  for (const [arch, parameters] of Object.entries(PUBLISHED)) {
    expect(countNetwork(whole(arch as BackboneArch), [224, 224, 3]).parameters, arch).toBe(parameters);
  }
});
