import { describe, expect, it } from 'vitest';
import {
  architectureOf,
  BACKBONE_ARCHS,
  type BackboneArch,
  backboneConfig,
  backboneFromConfig,
  countNetwork,
  createBackbone,
  createClassifier,
  createEfficientNet,
  FAMILIES,
  type FeatureSpec,
  featuresOf,
  isBackboneArch,
  levelsOf,
} from '../../backbones/index.js';
import { findLibrary } from '../../engine/tensorflow/runtime/library.js';
import { possibleSizes, runArchitectureCases } from '../conformance/architecture.js';
import { runBackboneCases } from '../conformance/backbone.js';

const isWasm = process.env.ESPALIER_TEST_ENGINE === 'wasm';
/** What computes runs on the smallest network of each family, if it is not larger than this. */
const LIMIT = process.env.ESPALIER_TEST_ALL ? 130e6 : 12e6;
const size = (arch: BackboneArch): number =>
  countNetwork(() => createBackbone({ arch, frozen: 'none', seed: 1 }), [224, 224, 3]).parameters;
const wholeSize = (arch: BackboneArch): number =>
  countNetwork(() => createClassifier({ arch, classes: 10, frozen: 'none', seed: 1 }), [224, 224, 3]).parameters;
const smallest = Object.values(FAMILIES).flatMap(({ archs }) => {
  const sizes = archs.map((arch) => [arch, size(arch)] as const);
  const [arch, parameters] = sizes.reduce((least, entry) => (entry[1] < least[1] ? entry : least));
  return parameters <= LIMIT ? [arch] : [];
});
/** Beside the smallest: another padding and squeeze-excite. */
const SWEEP: readonly BackboneArch[] = [...smallest, 'efficientnet_b0'];
/** Of the sweep, what computes on a second engine too: residual blocks, attention, branches, squeeze-excite, the default. */
const REPRESENTATIVE: readonly BackboneArch[] = SWEEP.filter((arch) =>
  /^(resnet18|vit_tiny|shufflenet|efficientnet_b0|tf_efficientnet_lite0)/.test(arch),
);
/** Whether the native engine sweeps beside this one. */
const hasNative = findLibrary() !== null;
/** Every engine computes the representative ones; which layers a family joins is the same on each, so one engine sweeps. */
const COMPUTED = isWasm && hasNative && !process.env.ESPALIER_TEST_ALL ? REPRESENTATIVE : SWEEP;
/** Computes on one pixel and on a long strip, too; the others are asked for their shapes there. */
const STRIP: BackboneArch = 'efficientnet_b0';

/** At every size, and not at the most telling alone. */
const isThorough = (arch: BackboneArch): boolean =>
  process.env.ESPALIER_TEST_ALL !== undefined || REPRESENTATIVE.includes(arch);

for (const arch of COMPUTED) {
  const levels = levelsOf(featuresOf(architectureOf(arch).stages));
  const middle = levels[Math.floor((levels.length - 1) / 2)] ?? 'P3';
  // biome-ignore format: a list
  const sizes = possibleSizes(arch, [[64, 64], [65, 97], [75, 106], [33, 40], [96, 96], [97, 129], [128, 128]]).slice(0, isThorough(arch) ? 4 : 2);
  const [first = [64, 64] as const, ...others] = sizes;
  // biome-ignore format: a list
  const ends = arch === STRIP ? possibleSizes(arch, [[1, 1], [4096, 64]]) : [];
  runBackboneCases({
    name: arch,
    sizes: [first, ...others, ...ends],
    create: (freeze, seed) => createBackbone({ arch, frozen: freeze === 'part' ? partOf(arch, middle) : freeze, seed }),
  });
}
for (const arch of BACKBONE_ARCHS) {
  const trunk = COMPUTED.includes(arch);
  const swept = isThorough(arch) || smallest.includes(arch);
  if (isWasm || trunk) runArchitectureCases(arch, { swept, trunk, classifier: trunk && wholeSize(arch) <= LIMIT }); // the others need no engine
}

/** Stages up to a level, or the first stage where there is but one level. */
function partOf(arch: BackboneArch, level: string): readonly string[] {
  const { stages } = architectureOf(arch);
  const last = Math.min(
    stages.findIndex((stage) => stage.level === level),
    stages.length - 2,
  );
  return stages.slice(0, last + 1).flatMap(({ paths }) => paths);
}

describe('a backbone config', () => {
  const plain = { arch: 'tf_efficientnet_lite0' } as const;

  it('builds all levels unless some are named', () => {
    const backbone = backboneFromConfig(backboneConfig.parse(plain));
    expect(levelsOf(backbone.features)).toEqual(['P1', 'P2', 'P3', 'P4', 'P5']);
    expect(backbone.preprocessing).toEqual({ channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] });
    backbone.dispose();
  });

  it('takes images of the channels it names', () => {
    const backbone = backboneFromConfig(backboneConfig.parse({ ...plain, levels: ['P1'], inChannels: 1 }));
    expect(backbone.parameters.get('conv_stem.weight')?.variable.shape).toEqual([3, 3, 1, 32]);
    backbone.dispose();
  });

  it('keeps the names of the levels when strides become dilations', () => {
    const backbone = backboneFromConfig(backboneConfig.parse({ arch: 'resnet50', outputStride: 8 }));
    const { P3, P4, P5 }: Partial<FeatureSpec> = backbone.features;
    expect([P3?.stride, P4?.stride, P5?.stride]).toEqual([8, 8, 8]);
    expect(P5?.sizeOf?.(65, 96)).toEqual([9, 12]);
    backbone.dispose();
  });

  it.each([
    ['an unknown key', { ...plain, weight: 'efficientnet-lite0' }],
    ['an unknown architecture', { ...plain, arch: 'tf_efficientnet_b99' }],
    ['no level', { ...plain, levels: [] }],
    ['a level it does not give', { ...plain, levels: ['P6'] }],
    ['an output stride that is none', { ...plain, outputStride: 4 }],
  ])('refuses %s', (_, config) => {
    expect(backboneConfig.safeParse(config).success).toBe(false);
  });
});

describe('a backbone by name', () => {
  it('builds the blocks its deepest level needs and no others', () => {
    const backbone = createEfficientNet({
      arch: 'tf_efficientnet_lite0',
      levels: ['P3', 'P2'],
      frozen: 'none',
      seed: 1,
    });
    expect(levelsOf(backbone.features)).toEqual(['P2', 'P3']);
    expect(backbone.features.P3).toMatchObject({ channels: 40, stride: 8, tap: 'blocks.2' });
    const stages = [...backbone.parameters.keys()].flatMap((name) => /^blocks\.(\d)\./.exec(name)?.[1] ?? []);
    expect(new Set(stages)).toEqual(new Set(['0', '1', '2']));
    backbone.dispose();
  });

  it('is known or refused, with the names there are', () => {
    expect(isBackboneArch('resnet50')).toBe(true);
    expect(isBackboneArch('resnet51')).toBe(false);
    const create = () => createBackbone({ arch: 'resnet51' as 'resnet50', frozen: 'none', seed: 1 });
    expect(create).toThrow(/no backbone is called 'resnet51': use one of .*resnet50/);
  });
});
