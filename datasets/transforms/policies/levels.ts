import type { Level } from './policy.js';

const enhance = (level: number): number => (level / 10) * 1.8 + 0.1;
/** Away from 1, which changes nothing, either way. */
const away = (level: number): number => (level / 10) * 0.9;
const bits = (level: number): number => Math.trunc((level / 10) * 4);
const threshold = (level: number): number => Math.min(256, Math.trunc((level / 10) * 256));

/** Strengths of level 0 to 10. @source timm, timm/data/auto_augment.py, LEVEL_TO_ARG */
export const LEVELS = {
  autocontrast: { op: 'autocontrast', value: () => 0 },
  equalize: { op: 'equalize', value: () => 0 },
  invert: { op: 'invert', value: () => 0 },
  rotate: { op: 'rotate', value: (level) => (level / 10) * 30, isSigned: true },
  posterize: { op: 'posterize', value: bits },
  posterizeOriginal: { op: 'posterize', value: (level) => bits(level) + 4 },
  solarize: { op: 'solarize', value: threshold },
  solarizeAdd: { op: 'solarizeAdd', value: (level) => Math.min(128, Math.trunc((level / 10) * 110)) },
  color: { op: 'color', value: enhance },
  contrast: { op: 'contrast', value: enhance },
  brightness: { op: 'brightness', value: enhance },
  sharpness: { op: 'sharpness', value: enhance },
  shearX: { op: 'shearX', value: (level) => (level / 10) * 0.3, isSigned: true },
  shearY: { op: 'shearY', value: (level) => (level / 10) * 0.3, isSigned: true },
  translateX: { op: 'translateX', value: (level) => (level / 10) * 0.45, isSigned: true },
  translateY: { op: 'translateY', value: (level) => (level / 10) * 0.45, isSigned: true },
} as const satisfies { readonly [name: string]: Level };

/** Those that grow with the level, where others do not. */
export const INCREASING = {
  ...LEVELS,
  posterize: { op: 'posterize', value: (level: number) => 4 - bits(level) },
  solarize: { op: 'solarize', value: (level: number) => 256 - threshold(level) },
  color: { op: 'color', value: away, isSigned: true, about: 1 },
  contrast: { op: 'contrast', value: away, isSigned: true, about: 1 },
  brightness: { op: 'brightness', value: away, isSigned: true, about: 1 },
  sharpness: { op: 'sharpness', value: away, isSigned: true, about: 1 },
} as const satisfies { readonly [name in keyof typeof LEVELS]: Level };
