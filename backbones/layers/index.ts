export { ACTIVATION_NAMES, ACTIVATIONS, type Activation } from './activation.js';
export { batchNorm, NORM_MOMENTUM, type NormOptions } from './batchNorm.js';
export { type ConvolutionOptions, convolution, type DepthwiseOptions, depthwise, type Padding } from './convolution.js';
export { type DenseOptions, dense } from './dense.js';
export { type SqueezeExciteOptions, squeezeExcite } from './squeezeExcite.js';
