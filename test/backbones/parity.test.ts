import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { BACKBONE_ARCHS, type BackboneArch } from '../../backbones/index.js';
import { golden } from '../data.js';
import { formulaImage } from './formula.js';
import { loadFormulaWeights, stateDictDigest } from './formulaWeights.js';
import { type BackboneGolden, differenceNote, expectRecord, hasGolden, PARAMETER_LIMIT } from './records.js';
import { wholeNetwork } from './wholeNetwork.js';

interface Case {
  readonly file: string;
  readonly arch: BackboneArch;
}

const cases: readonly Case[] = BACKBONE_ARCHS.flatMap((arch) =>
  [arch, `torchvision.${arch}`].filter(hasGolden).map((file): Case => ({ file, arch })),
).filter(({ file }) => !recordOf(file).stateDict); // other names than ours: released.test.ts

function recordOf(file: string): BackboneGolden {
  return golden<BackboneGolden>(`backbones/${file}.json.gz`);
}

describe.each(cases)('$file with formula weights', ({ file, arch }) => {
  const recorded = recordOf(file);

  it.skipIf(recorded.parameters > PARAMETER_LIMIT)(
    'gives the recorded maps and logits at every size',
    async ({ annotate }) => {
      const network = wholeNetwork(arch);
      const shares: number[] = [];
      try {
        expect(stateDictDigest(network)).toBe(recorded.digest);
        loadFormulaWeights(network, recorded.gain);
        for (const { size, logits, maps } of recorded.cases) {
          tf.tidy(() => {
            const [height, width] = size;
            const run = network.run(tf.tensor4d(formulaImage(height, width), [1, height, width, 3]));
            shares.push(expectRecord(run.logits, logits, `logits of ${size}`));
            const compared = maps.filter(({ tap }) => run.maps.has(tap));
            for (const map of compared) {
              shares.push(expectRecord(run.maps.get(map.tap) as tf.Tensor, map, `${map.tap} of ${size}`));
            }
            if (!file.startsWith('torchvision.')) {
              expect(compared.map(({ tap }) => tap)).toEqual(expect.arrayContaining(network.taps));
            } else expect(compared.length).toBeGreaterThanOrEqual(maps.length / 2); // of modules; the others lie inside the top
          });
        }
        await annotate(differenceNote(shares));
      } finally {
        network.dispose();
      }
    },
  );
});
