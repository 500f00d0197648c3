import type { Random } from '../engine/random.js';
import type { ParameterLayout } from './module.js';

/** What an initialiser may know of the tensor it fills. */
export interface InitialiserInput {
  /** Number of values. */
  readonly count: number;
  /** Values that feed one output: kh * kw * inputs of a convolution. */
  readonly fanIn: number;
  /** Values one input feeds: kh * kw * outputs of a convolution, kh * kw of a depthwise one. */
  readonly fanOut: number;
  /** The parameter's own stream. */
  readonly random: Random;
}

/** Fills a parameter, row-major in its memory layout. */
export type Initialiser = (input: InitialiserInput) => Float32Array;

export const zeros: Initialiser = ({ count }) => new Float32Array(count);
export const ones: Initialiser = ({ count }) => new Float32Array(count).fill(1);
export const constant =
  (value: number): Initialiser =>
  ({ count }) =>
    new Float32Array(count).fill(value);

/** Normal with mean 0; Box-Muller with both values of a pair, since large networks draw tens of millions. */
export const normal =
  (std: number): Initialiser =>
  ({ count, random }) => {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const radius = std * Math.sqrt(-2 * Math.log(1 - random.next()));
      const angle = 2 * Math.PI * random.next();
      values[i] = radius * Math.cos(angle);
      values[i + 1] = radius * Math.sin(angle); // past the end of an odd count: ignored
    }
    return values;
  };

/** Uniform in [-limit, limit). */
export const uniform =
  (limit: number): Initialiser =>
  ({ count, random }) =>
    Float32Array.from({ length: count }, () => random.uniform(-limit, limit));

/** Normal with std sqrt(2 / fanOut): the EfficientNet release's rule for convolutions. */
export const fanOutNormal: Initialiser = (input) => normal(Math.sqrt(2 / input.fanOut))(input);

/** Normal with std sqrt(1 / fanIn): variance scaling, the EfficientDet release's rule for separable convolutions. */
export const fanInNormal: Initialiser = (input) => normal(Math.sqrt(1 / input.fanIn))(input);

/** LeCun's rule: uniform within sqrt(3 / fanIn), so that outputs have the variance of inputs; torchvision's for pyramids. */
export const fanInUniform: Initialiser = (input) => uniform(Math.sqrt(3 / input.fanIn))(input);

/** He et al. 2015, arXiv:1502.01852: uniform within sqrt(6 / fanIn), so that rectified outputs keep the variance. */
export const heUniform: Initialiser = (input) => uniform(Math.sqrt(6 / input.fanIn))(input);

/** Uniform within 1 / sqrt(fanIn): what PyTorch starts its convolutions with. */
export const reciprocalUniform: Initialiser = (input) => uniform(1 / Math.sqrt(input.fanIn))(input);

/** Glorot & Bengio 2010: uniform within sqrt(6 / (fanIn + fanOut)). */
export const glorotUniform: Initialiser = (input) => uniform(Math.sqrt(6 / (input.fanIn + input.fanOut)))(input);

/** Uniform within 1 / sqrt(fanOut): the EfficientNet release's rule for the classifier. */
export const denseUniform: Initialiser = (input) => uniform(1 / Math.sqrt(input.fanOut))(input);

/** Fans of a parameter of `shape` in its memory layout; 1-D parameters have their length as both. */
export function fans(shape: readonly number[], layout: ParameterLayout): { fanIn: number; fanOut: number } {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  if (layout === 'convolution') return { fanIn: a * b * c, fanOut: a * b * d };
  if (layout === 'depthwise') return { fanIn: a * b, fanOut: a * b * d };
  if (layout === 'dense') return { fanIn: a, fanOut: b };
  return { fanIn: a, fanOut: a };
}
