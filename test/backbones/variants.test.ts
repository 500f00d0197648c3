import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { ArchitectureOptions, BackboneArch } from '../../backbones/index.js';
import { golden } from '../data.js';
import { formulaImage } from './formula.js';
import { loadFormulaWeights, stateDictDigest } from './formulaWeights.js';
import { type BackboneGolden, expectRecord } from './records.js';
import { wholeNetwork } from './wholeNetwork.js';

/** Networks as they are not released: strides become dilations, images of other than the trained size. */
const VARIANTS: readonly {
  readonly file: string;
  readonly arch: BackboneArch;
  readonly options: Partial<ArchitectureOptions>;
}[] = [
  { file: 'xception41.stride8', arch: 'xception41', options: { outputStride: 8 } },
  { file: 'resnet50.stride8', arch: 'resnet50', options: { outputStride: 8 } },
  { file: 'resnet34.stride16', arch: 'resnet34', options: { outputStride: 16 } },
  { file: 'regnety_004.stride8', arch: 'regnety_004', options: { outputStride: 8 } },
  { file: 'convnext_tiny.stride8', arch: 'convnext_tiny', options: { outputStride: 8 } },
  { file: 'mobilevit_s.stride8', arch: 'mobilevit_s', options: { outputStride: 8 } },
  { file: 'vit_tiny_patch16_224.sizes', arch: 'vit_tiny_patch16_224', options: {} },
];
const LIMIT = process.env.ESPALIER_TEST_ENGINE === 'wasm' && !process.env.ESPALIER_TEST_ALL ? 8e6 : 100e6;

describe.each(VARIANTS)('$file with formula weights', ({ file, arch, options }) => {
  const recorded = golden<BackboneGolden>(`backbones/${file}.json.gz`);

  it.skipIf(recorded.parameters > LIMIT)('gives the recorded maps and logits', () => {
    const network = wholeNetwork(arch, options);
    try {
      expect(stateDictDigest(network)).toBe(recorded.digest);
      loadFormulaWeights(network, recorded.gain);
      for (const { size, logits, maps } of recorded.cases) {
        tf.tidy(() => {
          const run = network.run(tf.tensor4d(formulaImage(...size), [1, ...size, 3]));
          expectRecord(run.logits, logits, `logits of ${size}`);
          for (const map of maps) expectRecord(run.maps.get(map.tap) as tf.Tensor, map, `${map.tap} of ${size}`);
        });
      }
    } finally {
      network.dispose();
    }
  });
});
