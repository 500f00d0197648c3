import { keysOf } from '../../../engine/checked.js';
import { ConfigError } from '../../../engine/errors.js';
import { SYMMETRIC } from '../../backbone.js';
import type { Family } from '../../family.js';
import { denseTop } from '../../layers/index.js';
import { alignedStages } from './aligned.js';
import { LEVELS, type XceptionLevel } from './level.js';
import { originalStages } from './original.js';
import { ALIGNED, INPUT_PIXELS, ORIGINALS } from './spec.js';

export type XceptionArch = keyof typeof ORIGINALS | keyof typeof ALIGNED;

/**
 * Xception; parameters named as in timm (`block1.rep.0.conv1.weight`, `blocks.0.stack.conv1.conv_dw.weight`); `keras_`:
 * as in Keras.
 */
export const xception: Family<XceptionArch, XceptionLevel> = {
  archs: [...keysOf(ORIGINALS), ...keysOf(ALIGNED)],
  levels: LEVELS,
  outputStrides: [8, 16],
  architecture: (arch, options) => {
    const shared = { inputPixels: INPUT_PIXELS, preprocessing: SYMMETRIC, activation: 'relu' } as const;
    if (isAligned(arch)) {
      const stages = alignedStages(arch, options);
      const channels = stages.at(-1)?.channels ?? 0;
      return { ...shared, stem: 'stem.0.conv', stages, top: denseTop({ channels, classifier: 'head.fc' }) };
    }
    if (options.outputStride !== 32) {
      throw new ConfigError(`${arch} pools, so its output stride is 32, not ${options.outputStride}: use xception41`);
    }
    const stages = originalStages(ORIGINALS[arch], options);
    const channels = stages.at(-1)?.channels ?? 0;
    return { ...shared, stem: 'conv1', stages, top: denseTop({ channels, classifier: 'fc' }) };
  },
};

const isAligned = (arch: XceptionArch): arch is keyof typeof ALIGNED => arch in ALIGNED;
