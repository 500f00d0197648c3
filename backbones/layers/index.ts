export { ACTIVATION_NAMES, ACTIVATIONS, type Activation } from './activation.js';
export { batchNorm, NORM_MOMENTUM, type NormOptions } from './batchNorm.js';
export { type ConvNormOptions, convNorm } from './convNorm.js';
export {
  type ConvolutionOptions,
  convolution,
  type DepthwiseOptions,
  depthwise,
  type Extent,
  type Padding,
} from './convolution.js';
export { type DenseOptions, dense } from './dense.js';
export { layerNorm } from './layerNorm.js';
export { adaptiveMean, averagePooling, globalMean, maxPooling, type PoolingOptions } from './pooling.js';
export { type ResidualOptions, residual } from './residual.js';
export { joined, type MapLayer, sequence, stageOf } from './sequence.js';
export { type SqueezeExciteOptions, squeezeExcite } from './squeezeExcite.js';
export { dropout, dropPath } from './stochastic.js';
export { type DenseTopOptions, denseTop } from './top.js';
