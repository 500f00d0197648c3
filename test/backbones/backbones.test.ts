import { describe, expect, it } from 'vitest';
import {
  backboneConfig,
  createBackbone,
  createEfficientNet,
  EFFICIENTNET_ARCHS,
  type EfficientNetArch,
  levelsOf,
} from '../../backbones/index.js';
import { runBackboneCases } from '../conformance/backbone.js';

/** B5 and larger are left out for their time; their outputs are checked by parity. */
const LARGE = /_b[567]$/;
const QUICK: readonly EfficientNetArch[] = ['tf_efficientnet_lite0', 'efficientnet_b0'];
const archs = process.env.ESPALIER_TEST_ALL ? EFFICIENTNET_ARCHS.filter((arch) => !LARGE.test(arch)) : QUICK;
const FREEZE = { none: 'none', part: 'P3', all: 'all' } as const;

for (const arch of archs) {
  runBackboneCases({
    name: arch,
    create: (freeze, seed) => createEfficientNet({ arch, frozen: FREEZE[freeze], seed }),
  });
}

describe('a backbone config', () => {
  const plain = { kind: 'efficientnet', arch: 'tf_efficientnet_lite0' } as const;

  it('builds the three levels detectors use unless others are named', () => {
    const backbone = createBackbone(backboneConfig.parse(plain));
    expect(levelsOf(backbone.features)).toEqual(['P3', 'P4', 'P5']);
    expect(backbone.preprocessing).toEqual({ channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] });
    backbone.dispose();
  });

  it('takes images of the channels it names', () => {
    const backbone = createBackbone(backboneConfig.parse({ ...plain, levels: ['P1'], inChannels: 1 }));
    expect(backbone.parameters.get('conv_stem.weight')?.variable.shape).toEqual([3, 3, 1, 32]);
    backbone.dispose();
  });

  it.each([
    ['an unknown key', { ...plain, weight: 'efficientnet-lite0' }],
    ['an unknown architecture', { ...plain, arch: 'tf_efficientnet_b8' }],
    ['an unknown kind', { ...plain, kind: 'resnet' }],
    ['no level', { ...plain, levels: [] }],
    ['a level it does not give', { ...plain, levels: ['P6'] }],
  ])('refuses %s', (_, config) => {
    expect(backboneConfig.safeParse(config).success).toBe(false);
  });
});
