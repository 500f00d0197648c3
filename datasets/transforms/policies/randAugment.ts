import { INCREASING, LEVELS } from './levels.js';
import { callOf, type Policy } from './policy.js';

/** @source timm, timm/data/auto_augment.py, _RAND_TRANSFORMS */
const NAMES = [
  'autocontrast',
  'equalize',
  'invert',
  'rotate',
  'posterize',
  'solarize',
  'solarizeAdd',
  'color',
  'contrast',
  'brightness',
  'sharpness',
  'shearX',
  'shearY',
  'translateX',
  'translateY',
] as const;

/** Magnitude, deviation, number of ops, and whether all grow with the magnitude, as timm writes them. */
export const RAND_AUGMENT = /^rand-m(\d{1,2}(?:\.\d+)?)(?:-n(\d))?(?:-mstd(\d{1,3}(?:\.\d+)?))?(-inc1)?$/;

/** Probability of an op that was drawn. */
const PROBABILITY = 0.5;
/** A deviation above this is a uniform draw up to the magnitude. */
const UNIFORM_ABOVE = 100;

/**
 * RandAugment of that name, `rand-m9-mstd0.5`; null: it is another one.
 *
 * @source Cubuk et al. 2020, arXiv:1909.13719; timm, timm/data/auto_augment.py, rand_augment_transform
 */
export function randAugment(name: string): Policy | null {
  const found = RAND_AUGMENT.exec(name);
  if (found === null) return null;
  const [magnitude, count, deviation] = [Number(found[1]), Number(found[2] ?? 2), Number(found[3] ?? 0)];
  const levels = found[4] === undefined ? LEVELS : INCREASING;
  return {
    ops: NAMES.map((each) => levels[each].op),
    draw: ({ random }) =>
      Array.from({ length: count }, () => NAMES[random.integer(NAMES.length)] ?? NAMES[0]).flatMap((each) => {
        if (random.next() > PROBABILITY) return [];
        const drawn =
          deviation > UNIFORM_ABOVE ? random.uniform(0, magnitude) : magnitude + deviation * random.normal();
        return [callOf(levels[each], Math.min(10, Math.max(0, drawn)), random)];
      }),
  };
}
