import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { EfficientNetArch } from '../../../backbones/efficientnet/architecture.js';
import { createClassifier } from '../../../backbones/efficientnet/classifier.js';
import { createEfficientNet } from '../../../backbones/efficientnet/efficientnet.js';
import { levelsOf } from '../../../backbones/features.js';
import { fileShape } from '../../../backbones/weights/layout.js';
import { golden } from '../../data.js';
import { formulaImage } from '../formula.js';
import { loadFormulaWeights } from '../formulaWeights.js';
import { expectRecord, type TensorRecord } from '../records.js';

interface Golden {
  readonly gain: number;
  readonly stateDictDigest: string;
  readonly cases: readonly {
    readonly input: readonly [number, number, number, number];
    readonly logits: TensorRecord;
    readonly features: readonly TensorRecord[];
  }[];
}

const QUICK: readonly EfficientNetArch[] = [
  ...(['tf_efficientnet_b0', 'efficientnet_b0', 'tf_efficientnet_lite0', 'efficientnet_lite0'] as const),
  'efficientnet_lite1',
];
const LARGE: readonly EfficientNetArch[] = [
  ...(['efficientnet_b1', 'efficientnet_b2', 'efficientnet_lite2', 'efficientnet_lite4'] as const),
  ...(['efficientnet_b4', 'tf_efficientnet_b4', 'efficientnet_b5', 'efficientnet_b7'] as const),
];
const ARCHS = process.env.ESPALIER_TEST_ALL ? [...QUICK, ...LARGE] : QUICK;

describe.each(ARCHS)('%s with formula weights', (arch) => {
  const { gain, stateDictDigest, cases } = golden<Golden>(`backbones/${arch}.json`);

  it('gives the recorded feature maps at every level and size', () => {
    const backbone = createEfficientNet({ arch, frozen: 'none', seed: 1 });
    loadFormulaWeights(backbone, gain);
    for (const { input, features } of cases) {
      const [n, , h, w] = input;
      tf.tidy(() => {
        const maps = backbone.forward(tf.tensor4d(formulaImage(h, w), [n, h, w, 3]), { training: false });
        levelsOf(backbone.features).forEach((level, i) => {
          expectRecord(maps[level], features[i] as TensorRecord, `${level} of ${h}x${w}`);
        });
      });
    }
    backbone.dispose();
  });

  it('gives the recorded logits, with the names and shapes of the recorded state dict', () => {
    const classifier = createClassifier({ arch, classes: 1000, frozen: 'none', seed: 1 });
    loadFormulaWeights(classifier, gain);
    const lines = [...classifier.parameters].map(
      ([name, { variable, layout }]) => `${name}|${fileShape(variable.shape, layout).join(',')}`,
    );
    expect(createHash('sha256').update(lines.sort().join('\n')).digest('hex')).toBe(stateDictDigest);
    for (const { input, logits } of cases) {
      const [n, , h, w] = input;
      tf.tidy(() => {
        const images = tf.tensor4d(formulaImage(h, w), [n, h, w, 3]);
        expectRecord(classifier.forward(images, { training: false }), logits, `logits of ${h}x${w}`);
      });
    }
    classifier.dispose();
  });
});
