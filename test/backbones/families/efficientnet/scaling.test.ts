import { describe, expect, it } from 'vitest';
import {
  type Architecture,
  architectureOf,
  type BackboneArch,
  COMPOUND,
  compound,
  countNetwork,
  createBackbone,
  createClassifier,
  featuresOf,
  levelsOf,
  type OwnArchitecture,
  type Scaling,
  scaleEfficientNet,
} from '../../../../backbones/index.js';
import { ConfigError } from '../../../../engine/errors.js';
import { withoutValues } from '../../../../engine/shapes/shapes.js';

/** Tan & Le 2019 and the reference release; phi: where equation 3 comes nearest. */
// biome-ignore format: a table
const PUBLISHED = [
  //                        width      depth      pixels            phi
  ['tf_efficientnet_b0', { width: 1.0, depth: 1.0, resolution: 224 }, 0],
  ['tf_efficientnet_b1', { width: 1.0, depth: 1.1, resolution: 240 }, 0.5],
  ['tf_efficientnet_b2', { width: 1.1, depth: 1.2, resolution: 260 }, 1],
  ['tf_efficientnet_b3', { width: 1.2, depth: 1.4, resolution: 300 }, 2],
  ['tf_efficientnet_b4', { width: 1.4, depth: 1.8, resolution: 380 }, 3.4],
  ['tf_efficientnet_b5', { width: 1.6, depth: 2.2, resolution: 456 }, 4.7],
  ['tf_efficientnet_b6', { width: 1.8, depth: 2.6, resolution: 528 }, 5.6],
  ['tf_efficientnet_b7', { width: 2.0, depth: 3.1, resolution: 600 }, 6.6],
] as const satisfies readonly (readonly [BackboneArch, Scaling, number])[];

const numbers = ({ stages, top, inputPixels, preprocessing }: Architecture): object => {
  const features = featuresOf(stages);
  const maps = levelsOf(features).map((level) => [level, features[level].channels, features[level].stride]);
  return { maps, inputPixels, preprocessing, top: top.channels, taps: stages.map(({ tap }) => tap) };
};
const shapesOf = (arch: BackboneArch | OwnArchitecture): readonly string[] =>
  withoutValues(() => {
    const network = createClassifier({ arch: arch as BackboneArch, classes: 1000, frozen: 'none', seed: 1 });
    const lines = [...network.parameters].map(([name, { variable }]) => `${name} ${variable.shape}`);
    network.dispose();
    return lines;
  }).result;

describe('scaleEfficientNet', () => {
  it.each(PUBLISHED)('gives %s for its factors: every parameter, map and number', (arch, scaling) => {
    const scaled = scaleEfficientNet(scaling);
    expect(numbers(architectureOf(scaled))).toEqual(numbers(architectureOf(arch)));
    expect(shapesOf(scaled)).toEqual(shapesOf(arch));
  });

  it('stands where a name can: levels, output stride, image channels, frozen parts', () => {
    const arch = scaleEfficientNet({ width: 0.47, depth: 0.61, resolution: 96 });
    const backbone = withoutValues(() => {
      const made = createBackbone({
        arch,
        levels: ['P2', 'P4'],
        outputStride: 8,
        inChannels: 5,
        frozen: 'P2',
        seed: 1,
      });
      const shape = made.parameters.get('conv_stem.weight')?.variable.shape;
      const trained = [...made.parameters].filter(([, { variable }]) => variable.trainable).map(([name]) => name);
      made.dispose();
      return { features: made.features, shape, trained };
    }).result;
    expect(backbone.features.P4).toMatchObject({ channels: 56, stride: 8, tap: 'blocks.4' }); // 112 x 0.47 = 52.6
    expect(backbone.features.P2.channels).toBe(16); // 24 x 0.47 = 11.3 would round to 8, below 90 %
    expect(backbone.shape).toEqual([3, 3, 5, 16]);
    expect(backbone.trained[0]).toMatch(/^blocks\.2\.0\./);
  });

  it('keeps at least one block of every stage and eight channels of every width', () => {
    const { stages } = architectureOf(scaleEfficientNet({ width: 0.01, depth: 0.01, resolution: 32 }));
    expect(stages.map(({ channels }) => channels)).toEqual(Array(8).fill(8));
  });

  it.each([
    ['a width of 0', { width: 0, depth: 1, resolution: 224 }, /width is scaled by 0/],
    ['a width that is no number', { width: Number.NaN, depth: 1, resolution: 224 }, /width is scaled by NaN/],
    ['a depth far too large', { width: 1, depth: 1e6, resolution: 224 }, /depth is scaled by 1000000/],
    ['half a pixel', { width: 1, depth: 1, resolution: 224.5 }, /resolution is 224.5/],
    ['an image smaller than a cell', { width: 1, depth: 1, resolution: 16 }, /resolution is 16/],
  ])('refuses %s', (_, scaling, message) => {
    expect(() => scaleEfficientNet(scaling)).toThrow(ConfigError);
    expect(() => scaleEfficientNet(scaling)).toThrow(message);
  });
});

describe('compound', () => {
  it('is B0 at 0 and B1 at 0.5, after rounding to a decimal and a whole pixel', () => {
    expect(compound(0)).toEqual({ width: 1, depth: 1, resolution: 224 });
    const { width, depth, resolution } = compound(0.5);
    expect([Math.floor(width * 10) / 10, Number(depth.toFixed(1)), resolution]).toEqual([1, 1.1, 240]);
  });

  it.each(PUBLISHED.map(([arch, published, phi]) => ({ arch, published, phi })))(
    'comes within 8 % of every factor published for $arch',
    ({ published, phi }) => {
      const scaling = compound(phi, COMPOUND);
      for (const key of ['width', 'depth', 'resolution'] as const) {
        expect(Math.abs(scaling[key] / published[key] - 1), key).toBeLessThan(0.08);
      }
    },
  );

  it('about doubles the operations with every unit, as alpha beta^2 gamma^2 is near 2', () => {
    const { alpha, beta, gamma } = COMPOUND;
    expect(alpha * beta ** 2 * gamma ** 2).toBeCloseTo(1.92, 2);
    const macs = [0, 1, 2, 3, 4, 5, 6].map((phi) => {
      const scaling = compound(phi);
      const arch = scaleEfficientNet(scaling);
      const create = () => createClassifier({ arch, classes: 1000, frozen: 'none', seed: 1 });
      return countNetwork(create, [scaling.resolution, scaling.resolution, 3]).macs;
    });
    const ratios = macs.slice(1).map((value, i) => value / (macs[i] ?? 1));
    for (const ratio of ratios) expect(ratio).toBeGreaterThan(1.5);
    expect(((macs[6] ?? 0) / (macs[0] ?? 1)) ** (1 / 6)).toBeGreaterThan(1.8);
    expect(((macs[6] ?? 0) / (macs[0] ?? 1)) ** (1 / 6)).toBeLessThan(2.2);
  });

  it('takes other bases, and negative coefficients for networks smaller than B0', () => {
    expect(compound(2, { alpha: 1, beta: 1, gamma: 2 })).toEqual({ width: 1, depth: 1, resolution: 896 });
    expect(compound(-1, { alpha: 2, beta: 4, gamma: 2 })).toEqual({ width: 0.25, depth: 0.5, resolution: 112 });
  });

  it('refuses a coefficient that is no number, and bases that are not above 0', () => {
    expect(() => compound(Number.NaN)).toThrow('the compound coefficient is NaN');
    expect(() => compound(1, { alpha: 0, beta: 1, gamma: 1 })).toThrow('alpha is 0');
  });
});
