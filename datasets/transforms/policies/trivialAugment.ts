import { opOf } from '../ops/index.js';
import type { Drawing, OpCall, Policy } from './policy.js';

/** Strengths, evenly spaced from none to the most. */
const BINS = 31;
/** Pixels. */
const FARTHEST = 32;

type Draw = (part: number, sign: 1 | -1, frame: Drawing['frame']) => OpCall | null;

/** @param part of the strongest, 0..1 @source torchvision, transforms/autoaugment.py, TrivialAugmentWide */
const DRAWS: readonly Draw[] = [
  () => null,
  (part, sign) => ({ op: 'shearX', value: sign * part * 0.99 }),
  (part, sign) => ({ op: 'shearY', value: sign * part * 0.99 }),
  (part, sign, { width }) => ({ op: 'translateX', value: (sign * part * FARTHEST) / width }),
  (part, sign, { height }) => ({ op: 'translateY', value: (sign * part * FARTHEST) / height }),
  (part, sign) => ({ op: 'rotate', value: sign * part * 135 }),
  (part, sign) => ({ op: 'brightness', value: 1 + sign * part * 0.99 }),
  (part, sign) => ({ op: 'color', value: 1 + sign * part * 0.99 }),
  (part, sign) => ({ op: 'contrast', value: 1 + sign * part * 0.99 }),
  (part, sign) => ({ op: 'sharpness', value: 1 + sign * part * 0.99 }),
  (part) => ({ op: 'posterize', value: 8 - Math.round(part * 6) }),
  (part) => ({ op: 'solarize', value: 255 * (1 - part) }),
  () => ({ op: 'autocontrast', value: 0 }),
  () => ({ op: 'equalize', value: 0 }),
];

const policyOf = (draws: readonly Draw[]): Policy => ({
  ops: draws.flatMap((draw) => draw(0, 1, WHATEVER)?.op ?? []),
  draw: ({ frame, random }) => {
    const draw = draws[random.integer(draws.length)];
    const part = random.integer(BINS) / (BINS - 1);
    const call = draw?.(part, random.next() < 0.5 ? -1 : 1, frame) ?? null;
    return call === null ? [] : [call];
  },
});

const WHATEVER = { width: 1, height: 1 };

const movesNothing = (draw: Draw): boolean => {
  const call = draw(0, 1, WHATEVER);
  return call === null || opOf(call.op).kind === 'pixels';
};

/** One op of any strength; `trivial-color` leaves out those that move the image. @source Mueller & Hutter 2021, arXiv:2103.10158 */
export const TRIVIAL_AUGMENT: { readonly [name: string]: Policy } = {
  trivial: policyOf(DRAWS),
  'trivial-color': policyOf(DRAWS.filter(movesNothing)),
};
