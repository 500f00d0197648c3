import type { Random } from '../../../engine/random.js';
import type { Drawing, OpCall, Policy } from './policy.js';

/** Longest side by shortest side of a patch, above which it is turned by a few degrees only. */
const ANISOTROPIC = 1.5;

/** Below 1 or above it, equally likely, and evenly there. */
const contrastOf = (random: Random, low: number, high: number): number =>
  random.next() < 0.5 ? random.uniform(low, 1) : random.uniform(1, high);

/**
 * nnU-Net's augmentation of two-dimensional patches; flips along both axes are the config's own, of probability 0.5 each. What is
 * beyond the image is not learned. Ops of each channel have a draw each.
 *
 * @source nnU-Net v2, training/nnUNetTrainer/nnUNetTrainer.py, get_training_transforms, and
 *         configure_rotation_dummyDA_mirroring_and_inital_patch_size; batchgeneratorsv2
 */
export const nnunet: Policy = {
  defaults: { scale: [1, 1], flipVertical: 0.5, rotate90: 0 },
  ops: ['rotate', 'zoom', 'noise', 'blur', 'gain', 'stretch', 'lowResolution', 'rangeGammaInverted', 'rangeGamma'],
  draw: ({ size, channels, random }: Drawing): readonly OpCall[] => {
    const calls: OpCall[] = [];
    const maybe = (probability: number, add: () => void): void => {
      if (random.next() < probability) add();
    };
    const each = (probability: number, of: (channel: number) => OpCall): void => {
      for (let channel = 0; channel < channels; channel++) {
        if (probability === 1 || random.next() < probability) calls.push({ ...of(channel), channel });
      }
    };
    const most = Math.max(...size) / Math.min(...size) > ANISOTROPIC ? 15 : 180;
    maybe(0.2, () => calls.push({ op: 'rotate', value: random.uniform(-most, most) }));
    // The factor is that of the grid that is read: larger shows more.
    maybe(0.2, () => calls.push({ op: 'zoom', value: 1 / random.uniform(0.7, 1.4) }));
    // The range is called a variance there, and taken for a deviation.
    maybe(0.1, () => calls.push({ op: 'noise', value: random.uniform(0, 0.1) }));
    maybe(0.2, () => each(0.5, () => ({ op: 'blur', value: random.uniform(0.5, 1), across: random.uniform(0.5, 1) })));
    maybe(0.15, () => each(1, () => ({ op: 'gain', value: contrastOf(random, 0.75, 1.25) })));
    maybe(0.15, () => each(1, () => ({ op: 'stretch', value: contrastOf(random, 0.75, 1.25) })));
    maybe(0.25, () => each(0.5, () => ({ op: 'lowResolution', value: random.uniform(0.5, 1) })));
    maybe(0.1, () => each(1, () => ({ op: 'rangeGammaInverted', value: contrastOf(random, 0.7, 1.5) })));
    maybe(0.3, () => each(1, () => ({ op: 'rangeGamma', value: contrastOf(random, 0.7, 1.5) })));
    return calls;
  },
};
