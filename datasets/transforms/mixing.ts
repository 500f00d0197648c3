import type { Random } from '../../engine/random.js';

/** How often several images become one. */
export interface MixingConfig {
  /** Four images round a point. */
  readonly mosaic?: {
    readonly probability: number;
    /** Epochs at the end without it. Absent: 15 % of all. */
    readonly closeEpochs?: number;
  };
  /** One image over the other, both half transparent. @source Zhang et al. 2018, arXiv:1710.09412 */
  readonly mixup?: Blending;
  /** A rectangle of another image. @source Yun et al. 2019, arXiv:1905.04899 */
  readonly cutmix?: Blending;
  /** Objects of another image. @source Ghiasi et al. 2021, arXiv:2012.07177 */
  readonly copyPaste?: { readonly probability: number };
}

interface Blending {
  readonly probability: number;
  /** Shares are drawn from Beta(alpha, alpha): the larger, the nearer to a half. */
  readonly alpha: number;
}

/** What happens to one image; partners are positions in the data set. Plain data. */
export interface Mixing {
  /** Where the four meet, fractions of width and height; `partners` are those of the other three. */
  readonly mosaic: { readonly x: number; readonly y: number; readonly partners: readonly number[] } | null;
  /** What comes over it, in this order. */
  readonly layers: readonly Layer[];
}

export type Layer =
  | { readonly kind: 'mixup'; readonly partner: number /** Share of the first image. */; readonly share: number }
  | {
      readonly kind: 'cutmix';
      readonly partner: number;
      /** Share of the input's area, 0..1. */
      readonly area: number;
      /** Middle of the rectangle, fractions. */
      readonly x: number;
      readonly y: number;
    }
  | { readonly kind: 'copyPaste'; readonly partner: number; readonly seed: number };

/** A point where the four of a mosaic meet lies in this part of the input. */
const MIDDLE = [0.25, 0.75] as const;

/**
 * Always takes the same number of draws but for shares.
 *
 * @param at epoch from 0 on, of how many, and how many images the data set has
 * @returns  null: the image stays alone
 */
export function drawMixing(
  config: MixingConfig,
  { epoch, epochs, images }: { readonly epoch: number; readonly epochs: number; readonly images: number },
  random: Random,
): Mixing | null {
  const happens = (probability = 0): boolean => random.next() < probability;
  const partner = (): number => random.integer(images);
  const isMosaic = happens(config.mosaic?.probability) && !(epoch >= epochs - closedEpochs(config, epochs));
  const point = { x: random.uniform(...MIDDLE), y: random.uniform(...MIDDLE) };
  const mosaic = { ...point, partners: [partner(), partner(), partner()] };
  const layers: Layer[] = [];
  const { mixup, cutmix, copyPaste } = config;
  if (mixup && happens(mixup.probability)) {
    layers.push({ kind: 'mixup', partner: partner(), share: drawBeta(mixup.alpha, random) });
  }
  if (cutmix && happens(cutmix.probability)) {
    const area = 1 - drawBeta(cutmix.alpha, random);
    layers.push({ kind: 'cutmix', partner: partner(), area, x: random.next(), y: random.next() });
  }
  if (copyPaste && happens(copyPaste.probability)) {
    layers.push({ kind: 'copyPaste', partner: partner(), seed: random.integer(2 ** 32) });
  }
  return isMosaic || layers.length > 0 ? { mosaic: isMosaic ? mosaic : null, layers } : null;
}

/** Share of the epochs, at whose end there is no mosaic. */
const CLOSED = 0.15;

const closedEpochs = ({ mosaic }: MixingConfig, epochs: number): number =>
  mosaic?.closeEpochs ?? Math.ceil(CLOSED * epochs);

/** Positions of all images that a mixing needs beside the first, in the order that `mix` takes them. */
export const partnersOf = ({ mosaic, layers }: Mixing): readonly number[] => [
  ...(mosaic?.partners ?? []),
  ...layers.map(({ partner }) => partner),
];

function drawBeta(alpha: number, random: Random): number {
  const [a, b] = [drawGamma(alpha, random), drawGamma(alpha, random)];
  return a + b === 0 ? 0.5 : a / (a + b);
}

/** @source Marsaglia & Tsang 2000, A simple method for generating gamma variables */
function drawGamma(shape: number, random: Random): number {
  if (shape < 1) return drawGamma(shape + 1, random) * (1 - random.next()) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
