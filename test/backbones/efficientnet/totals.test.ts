import { describe, expect, it } from 'vitest';
import {
  EFFICIENTNET_ARCHS,
  type EfficientNetArch,
  efficientNetPlan,
} from '../../../backbones/efficientnet/architecture.js';
import { createClassifier } from '../../../backbones/efficientnet/classifier.js';
import { createEfficientNet } from '../../../backbones/efficientnet/efficientnet.js';
import { levelsOf } from '../../../backbones/features.js';
import type { Module } from '../../../backbones/module.js';
import { countParameters } from '../../../backbones/parameters.js';
import { golden } from '../../data.js';

interface Row {
  readonly model: EfficientNetArch;
  readonly params: number;
  readonly featuresParams: number;
  readonly channels: readonly number[];
  readonly reduction: readonly number[];
  readonly statistics: number;
}

const { rows } = golden<{ rows: readonly Row[] }>('backbones/table.json');

/** Tan & Le 2019 round these to millions; the exact figures are torchvision's for its efficientnet_b0 ... b7. */
const PUBLISHED: readonly (readonly [EfficientNetArch, number])[] = [
  ['efficientnet_b0', 5_288_548],
  ['efficientnet_b1', 7_794_184],
  ['efficientnet_b2', 9_109_994],
  ['efficientnet_b3', 12_233_232],
  ['efficientnet_b4', 19_341_616],
  ['efficientnet_b5', 30_389_784],
  ['efficientnet_b6', 43_040_704],
  ['efficientnet_b7', 66_347_960],
];

describe('published totals', () => {
  it.each(rows)('$model has the recorded parameters, statistics, channels and strides', (row) => {
    const classifier = createClassifier({ arch: row.model, classes: 1000, frozen: 'none', seed: 1 });
    expect(countParameters(classifier)).toBe(row.params);
    expect(PUBLISHED.find(([arch]) => arch === row.model)?.[1] ?? row.params).toBe(row.params);
    expect(countStatistics(classifier)).toBe(row.statistics);
    const top = [...classifier.parameters].filter(([name]) => /^(conv_head|bn2|classifier)\./.test(name));
    const topSize = top.reduce((sum, [, { variable, role }]) => sum + (role === 'statistic' ? 0 : variable.size), 0);
    expect(row.params - topSize).toBe(row.featuresParams);
    classifier.dispose();
    const stages = efficientNetPlan(row.model).stages.filter((stage) => stage.level !== null);
    expect(stages.map((stage) => stage.channels)).toEqual(row.channels);
    expect(stages.map((stage) => stage.stride)).toEqual(row.reduction);
  });

  it('covers B0 to B7 and Lite0 to Lite4', () => {
    const plain = EFFICIENTNET_ARCHS.filter((arch) => !arch.startsWith('tf_'));
    expect(plain).toHaveLength(13);
    expect(rows.map((row) => row.model)).toEqual(expect.arrayContaining(plain));
    expect(PUBLISHED.map(([arch]) => arch)).toEqual(plain.slice(0, 8));
  });
});

describe('a backbone of fewer levels', () => {
  it('builds the blocks its deepest level needs and no others', () => {
    const backbone = createEfficientNet({
      arch: 'tf_efficientnet_lite0',
      levels: ['P3', 'P2'],
      frozen: 'none',
      seed: 1,
    });
    expect(levelsOf(backbone.features)).toEqual(['P2', 'P3']);
    expect(backbone.features.P3).toEqual({ channels: 40, stride: 8, tap: 'blocks.2' });
    const stages = [...backbone.parameters.keys()].flatMap((name) => /^blocks\.(\d)\./.exec(name)?.[1] ?? []);
    expect(new Set(stages)).toEqual(new Set(['0', '1', '2']));
    backbone.dispose();
  });
});

function countStatistics(module: Module): number {
  return [...module.parameters.values()].reduce((sum, p) => sum + (p.role === 'statistic' ? p.variable.size : 0), 0);
}
