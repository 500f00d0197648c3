import { type Level, oneOf, type Policy, type SubPolicies } from './policy.js';

/** Longest side of the images that the policies were found on, pixels: distances are parts of it. */
const SIDE = 640;
const enhance = (level: number): number => (level / 10) * 1.8 + 0.1;
const part = (pixels: number) => (level: number) => ((level / 10) * pixels) / SIDE;
const turn = (level: number): number => (level / 10) * 30;
const slant = (level: number): number => (level / 10) * 0.3;

/**
 * Strengths of level 0 to 10.
 *
 * @source google/automl, efficientdet/aug/autoaugment.py, level_to_arg; 250 and 120 pixels of translation and 100 and 50 of
 *         cutout are absolute there
 */
const LEVELS = {
  translateX: { op: 'translateX', value: part(250), isSigned: true },
  translateY: { op: 'translateY', value: part(250), isSigned: true },
  shearX: { op: 'shearX', value: slant, isSigned: true },
  shearY: { op: 'shearY', value: slant, isSigned: true },
  rotate: { op: 'rotate', value: turn, isSigned: true },
  equalize: { op: 'equalize', value: () => 0 },
  autocontrast: { op: 'autocontrast', value: () => 0 },
  solarize: { op: 'solarize', value: (level) => Math.trunc((level / 10) * 256) },
  solarizeAdd: { op: 'solarizeAdd', value: (level) => Math.trunc((level / 10) * 110) },
  posterize: { op: 'posterize', value: (level) => Math.trunc((level / 10) * 4) },
  color: { op: 'color', value: enhance },
  contrast: { op: 'contrast', value: enhance },
  brightness: { op: 'brightness', value: enhance },
  sharpness: { op: 'sharpness', value: enhance },
  cutout: { op: 'cutout', value: part(100) },
  boxCutout: { op: 'boxCutout', value: (level) => (level / 10) * 0.75 },
  'objects.translateY': { op: 'translateY', value: part(120), isSigned: true, isPerObject: true },
  'objects.shearX': { op: 'shearX', value: slant, isSigned: true, isPerObject: true },
  'objects.shearY': { op: 'shearY', value: slant, isSigned: true, isPerObject: true },
  'objects.flipX': { op: 'flipX', value: () => 0, isPerObject: true },
  'objects.equalize': { op: 'equalize', value: () => 0, isPerObject: true },
  'objects.cutout': { op: 'cutout', value: part(50), isPerObject: true },
} as const satisfies { readonly [name: string]: Level };

type Table = SubPolicies<keyof typeof LEVELS>;

// biome-ignore format: a table, a sub-policy a row
const V0: Table = [
  [['translateX', 0.6, 4], ['equalize', 0.8, 10]],
  [['objects.translateY', 0.2, 2], ['cutout', 0.8, 8]],
  [['sharpness', 0, 8], ['shearX', 0.4, 0]],
  [['shearY', 1, 2], ['objects.translateY', 0.6, 6]],
  [['rotate', 0.6, 10], ['color', 1, 6]],
];

// biome-ignore format: a table, a sub-policy a row
const V1: Table = [
  ...V0,
  [['color', 0, 0], ['objects.shearX', 0.8, 4]],
  [['objects.shearY', 0.8, 2], ['objects.flipX', 0, 10]],
  [['equalize', 0.6, 10], ['translateX', 0.2, 2]],
  [['color', 1, 10], ['objects.translateY', 0.4, 6]],
  [['rotate', 0.8, 10], ['contrast', 0, 10]],
  [['cutout', 0.2, 2], ['brightness', 0.8, 10]],
  [['color', 1, 6], ['equalize', 1, 2]],
  [['objects.cutout', 0.4, 6], ['objects.translateY', 0.8, 2]],
  [['color', 0.2, 8], ['rotate', 0.8, 10]],
  [['sharpness', 0.4, 4], ['objects.translateY', 0, 4]],
  [['sharpness', 1, 4], ['solarizeAdd', 0.4, 4]],
  [['rotate', 1, 8], ['sharpness', 0.2, 8]],
  [['shearY', 0.6, 10], ['objects.equalize', 0.6, 8]],
  [['shearX', 0.2, 6], ['objects.translateY', 0.2, 10]],
  [['solarizeAdd', 0.6, 8], ['brightness', 0.8, 10]],
];

// biome-ignore format: a table, a sub-policy a row
const V2: Table = [
  [['color', 0, 6], ['cutout', 0.6, 8], ['sharpness', 0.4, 8]],
  [['rotate', 0.4, 8], ['sharpness', 0.4, 2], ['rotate', 0.8, 10]],
  [['translateY', 1, 8], ['autocontrast', 0.8, 2]],
  [['autocontrast', 0.4, 6], ['shearX', 0.8, 8], ['brightness', 0, 10]],
  [['solarizeAdd', 0.2, 6], ['contrast', 0, 10], ['autocontrast', 0.6, 0]],
  [['cutout', 0.2, 0], ['solarize', 0.8, 8], ['color', 1, 4]],
  [['translateY', 0, 4], ['equalize', 0.6, 8], ['solarize', 0, 10]],
  [['translateY', 0.2, 2], ['shearY', 0.8, 8], ['rotate', 0.8, 8]],
  [['cutout', 0.8, 8], ['brightness', 0.8, 8], ['cutout', 0.2, 2]],
  [['color', 0.8, 4], ['translateY', 1, 6], ['rotate', 0.6, 6]],
  [['rotate', 0.6, 10], ['boxCutout', 1, 4], ['cutout', 0.2, 8]],
  [['rotate', 0, 0], ['equalize', 0.6, 6], ['shearY', 0.6, 8]],
  [['brightness', 0.8, 8], ['autocontrast', 0.4, 2], ['brightness', 0.2, 2]],
  [['translateY', 0.4, 8], ['solarize', 0.4, 6], ['solarizeAdd', 0.2, 10]],
  [['contrast', 1, 10], ['solarizeAdd', 0.2, 8], ['equalize', 0.2, 4]],
];

// biome-ignore format: a table, a sub-policy a row
const V3: Table = [
  [['posterize', 0.8, 2], ['translateX', 1, 8]],
  [['boxCutout', 0.2, 10], ['sharpness', 1, 8]],
  [['rotate', 0.6, 8], ['rotate', 0.8, 10]],
  [['equalize', 0.8, 10], ['autocontrast', 0.2, 10]],
  [['solarizeAdd', 0.2, 2], ['translateY', 0.2, 8]],
  [['sharpness', 0, 2], ['color', 0.4, 8]],
  [['equalize', 1, 8], ['translateY', 1, 8]],
  [['posterize', 0.6, 2], ['rotate', 0, 10]],
  [['autocontrast', 0.6, 0], ['rotate', 1, 6]],
  [['equalize', 0, 4], ['cutout', 0.8, 10]],
  [['brightness', 1, 2], ['translateY', 1, 6]],
  [['contrast', 0, 2], ['shearY', 0.8, 0]],
  [['autocontrast', 0.8, 10], ['contrast', 0.2, 10]],
  [['rotate', 1, 10], ['cutout', 1, 10]],
  [['solarizeAdd', 0.8, 6], ['equalize', 0.8, 8]],
];

/** @source Zoph et al. 2019, arXiv:1906.11172 (v0 to v2); google/automl, efficientdet/aug/autoaugment.py */
export const DETECTION: { readonly [name: string]: Policy } = {
  'detection-v0': oneOf(LEVELS, V0),
  'detection-v1': oneOf(LEVELS, V1),
  'detection-v2': oneOf(LEVELS, V2),
  'detection-v3': oneOf(LEVELS, V3),
};
