import { LEVELS } from './levels.js';
import { oneOf, type Policy, type SubPolicies } from './policy.js';

type Table = SubPolicies<keyof typeof LEVELS>;

// biome-ignore format: a table, a sub-policy a row
const ORIGINAL: Table = [
  [['posterizeOriginal', 0.4, 8], ['rotate', 0.6, 9]],
  [['solarize', 0.6, 5], ['autocontrast', 0.6, 5]],
  [['equalize', 0.8, 8], ['equalize', 0.6, 3]],
  [['posterizeOriginal', 0.6, 7], ['posterizeOriginal', 0.6, 6]],
  [['equalize', 0.4, 7], ['solarize', 0.2, 4]],
  [['equalize', 0.4, 4], ['rotate', 0.8, 8]],
  [['solarize', 0.6, 3], ['equalize', 0.6, 7]],
  [['posterizeOriginal', 0.8, 5], ['equalize', 1, 2]],
  [['rotate', 0.2, 3], ['solarize', 0.6, 8]],
  [['equalize', 0.6, 8], ['posterizeOriginal', 0.4, 6]],
  [['rotate', 0.8, 8], ['color', 0.4, 0]],
  [['rotate', 0.4, 9], ['equalize', 0.6, 2]],
  [['equalize', 0, 7], ['equalize', 0.8, 8]],
  [['invert', 0.6, 4], ['equalize', 1, 8]],
  [['color', 0.6, 4], ['contrast', 1, 8]],
  [['rotate', 0.8, 8], ['color', 1, 2]],
  [['color', 0.8, 8], ['solarize', 0.8, 7]],
  [['sharpness', 0.4, 7], ['invert', 0.6, 8]],
  [['shearX', 0.6, 5], ['equalize', 1, 9]],
  [['color', 0.4, 0], ['equalize', 0.6, 3]],
  [['equalize', 0.4, 7], ['solarize', 0.2, 4]],
  [['solarize', 0.6, 5], ['autocontrast', 0.6, 5]],
  [['invert', 0.6, 4], ['equalize', 1, 8]],
  [['color', 0.6, 4], ['contrast', 1, 8]],
  [['equalize', 0.8, 8], ['equalize', 0.6, 3]],
];

// biome-ignore format: a table, a sub-policy a row
const V0: Table = [
  [['equalize', 0.8, 1], ['shearY', 0.8, 4]],
  [['color', 0.4, 9], ['equalize', 0.6, 3]],
  [['color', 0.4, 1], ['rotate', 0.6, 8]],
  [['solarize', 0.8, 3], ['equalize', 0.4, 7]],
  [['solarize', 0.4, 2], ['solarize', 0.6, 2]],
  [['color', 0.2, 0], ['equalize', 0.8, 8]],
  [['equalize', 0.4, 8], ['solarizeAdd', 0.8, 3]],
  [['shearX', 0.2, 9], ['rotate', 0.6, 8]],
  [['color', 0.6, 1], ['equalize', 1, 2]],
  [['invert', 0.4, 9], ['rotate', 0.6, 0]],
  [['equalize', 1, 9], ['shearY', 0.6, 3]],
  [['color', 0.4, 7], ['equalize', 0.6, 0]],
  [['posterize', 0.4, 6], ['autocontrast', 0.4, 7]],
  [['solarize', 0.6, 8], ['color', 0.6, 9]],
  [['solarize', 0.2, 4], ['rotate', 0.8, 9]],
  [['rotate', 1, 7], ['translateY', 0.8, 9]],
  [['shearX', 0, 0], ['solarize', 0.8, 4]],
  [['shearY', 0.8, 0], ['color', 0.6, 4]],
  [['color', 1, 0], ['rotate', 0.6, 2]],
  [['equalize', 0.8, 4], ['equalize', 0, 8]],
  [['equalize', 1, 4], ['autocontrast', 0.6, 2]],
  [['shearY', 0.4, 7], ['solarizeAdd', 0.6, 7]],
  [['posterize', 0.8, 2], ['solarize', 0.6, 10]],
  [['solarize', 0.6, 8], ['equalize', 0.6, 1]],
  [['color', 0.8, 6], ['rotate', 0.4, 5]],
];

/** @source Cubuk et al. 2019, arXiv:1805.09501 (original); timm, timm/data/auto_augment.py (v0: the EfficientNet release) */
export const AUTO_AUGMENT: { readonly [name: string]: Policy } = {
  'autoaugment-original': oneOf(LEVELS, ORIGINAL),
  'autoaugment-v0': oneOf(LEVELS, V0),
};
