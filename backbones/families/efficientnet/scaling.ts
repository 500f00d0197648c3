import { ConfigError } from '../../../engine/errors.js';
import type { OwnArchitecture } from '../../family.js';
import { invertedFamily } from '../_inverted/architecture.js';
import type { InvertedLevel } from '../_inverted/spec.js';
import { scaledB0 } from './spec.js';

/** How much larger than EfficientNet-B0 a network is. */
export interface Scaling {
  /** Factor of the channels, above 0 and up to 16. */
  readonly width: number;
  /** Factor of the blocks in every stage, above 0 and up to 16. */
  readonly depth: number;
  /** Side of the images it is made for, pixels, whole and from 32 up; a backbone takes other sizes too. */
  readonly resolution: number;
}

/** Per unit of the compound coefficient. */
export interface ScalingBases {
  /** Base of depth. */
  readonly alpha: number;
  /** Base of width. */
  readonly beta: number;
  /** Base of resolution. */
  readonly gamma: number;
}

/** Found by a grid search around B0: alpha * beta^2 * gamma^2 is near 2, so that each unit doubles the operations. */
export const COMPOUND: ScalingBases = { alpha: 1.2, beta: 1.1, gamma: 1.15 };

/** Side of B0's images, pixels. */
const RESOLUTION = 224;
const LARGEST = 16;

/**
 * EfficientNet of any width, depth and resolution, as released (SAME padding, epsilon 1e-3), for wherever a name can
 * stand: `createBackbone({ arch: scaleEfficientNet({ width: 1.3, depth: 1.5, resolution: 320 }), ... })`. Channels are
 * rounded to multiples of 8 and repeats up, so that the published factors give the published networks.
 *
 * @throws ConfigError for factors or a resolution out of range
 * @source Tan & Le 2019, arXiv:1905.11946, section 3; rounding: the reference release
 */
export function scaleEfficientNet({ width, depth, resolution }: Scaling): OwnArchitecture<InvertedLevel> {
  checkFactor('width', width);
  checkFactor('depth', depth);
  if (!Number.isInteger(resolution) || resolution < 32) {
    throw new ConfigError(`the resolution is ${resolution}: give a whole number of pixels from 32 up`);
  }
  const spec = scaledB0(width, depth, resolution);
  const name = `tf_efficientnet of width ${width}, depth ${depth} and ${resolution} pixels`;
  return { name, family: invertedFamily([name], () => spec) };
}

/**
 * What a compound coefficient scales B0 to: depth alpha^phi, width beta^phi, resolution 224 gamma^phi, to a whole pixel.
 * The published B1 to B7 are within 8 % of phi 0.5, 1, 2, 3.4, 4.7, 5.6 and 6.6.
 *
 * @param phi   any number; 0 is B0
 * @param bases each above 0. Defaults to those of the paper
 * @throws ConfigError when phi is not finite or a base is not above 0
 * @source Tan & Le 2019, arXiv:1905.11946, equation 3
 */
export function compound(phi: number, { alpha, beta, gamma }: ScalingBases = COMPOUND): Scaling {
  if (!Number.isFinite(phi)) throw new ConfigError(`the compound coefficient is ${phi}: give a finite number`);
  for (const [name, base] of Object.entries({ alpha, beta, gamma })) {
    if (!(base > 0 && base < Number.POSITIVE_INFINITY))
      throw new ConfigError(`${name} is ${base}: give a number above 0`);
  }
  return { width: beta ** phi, depth: alpha ** phi, resolution: Math.round(RESOLUTION * gamma ** phi) };
}

function checkFactor(name: string, factor: number): void {
  if (factor > 0 && factor <= LARGEST) return;
  throw new ConfigError(`the ${name} is scaled by ${factor}: give a factor above 0 and up to ${LARGEST}`);
}
