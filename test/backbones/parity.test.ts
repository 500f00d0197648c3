import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { BACKBONE_ARCHS, type BackboneArch } from '../../backbones/index.js';
import { golden } from '../data.js';
import { ALIASES } from './aliases.js';
import { formulaImage } from './formula.js';
import { loadFormulaWeights, type Rename, stateDictDigest } from './formulaWeights.js';
import { type BackboneGolden, expectRecord, hasGolden } from './records.js';
import { wholeNetwork } from './wholeNetwork.js';

interface Case {
  readonly file: string;
  readonly arch: BackboneArch;
  readonly rename?: Rename;
}

/** Networks with more parameters are run only where their test's turn is: wasm is slow, memory is short. */
const LIMIT = process.env.ESPALIER_TEST_ALL ? Number.POSITIVE_INFINITY : 100e6;
const WASM_LIMIT = process.env.ESPALIER_TEST_ALL ? 100e6 : 8e6;

const cases: readonly Case[] = [
  ...BACKBONE_ARCHS.flatMap((arch) =>
    [arch, `torchvision.${arch}`].filter(hasGolden).map((file): Case => ({ file, arch })),
  ),
  ...ALIASES.map(({ golden, ...alias }): Case => ({ file: golden, ...alias })),
];

describe.each(cases)('$file with formula weights', ({ file, arch, rename }) => {
  const recorded = golden<BackboneGolden>(`backbones/${file}.json.gz`);
  const limit = process.env.ESPALIER_TEST_ENGINE === 'wasm' ? WASM_LIMIT : LIMIT;

  it.skipIf(recorded.parameters > limit)('gives the recorded maps and logits at every size', () => {
    const network = wholeNetwork(arch);
    try {
      expect(stateDictDigest(network, rename)).toBe(recorded.digest);
      loadFormulaWeights(network, recorded.gain, rename);
      for (const { size, logits, maps } of recorded.cases) {
        tf.tidy(() => {
          const [height, width] = size;
          const run = network.run(tf.tensor4d(formulaImage(height, width), [1, height, width, 3]));
          expectRecord(run.logits, logits, `logits of ${size}`);
          const compared = maps.filter(({ tap }) => run.maps.has(tap));
          for (const map of compared) expectRecord(run.maps.get(map.tap) as tf.Tensor, map, `${map.tap} of ${size}`);
          if (recorded.library === 'timm') {
            expect(compared.map(({ tap }) => tap)).toEqual(expect.arrayContaining(network.taps));
          } else expect(compared.length).toBeGreaterThanOrEqual(maps.length / 2); // the others lie inside the top
        });
      }
    } finally {
      network.dispose();
    }
  });
});
