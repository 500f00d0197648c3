export type { Initialiser, InitialiserInput } from '../initialisers.js';
export * as initialisers from '../initialisers.js';
export { ACTIVATION_NAMES, ACTIVATIONS, type Activation } from './activation.js';
export {
  type AttentionOptions,
  attention,
  mlp,
  type TransformerOptions,
  transformerBlock,
  transformerInitialiser,
} from './attention.js';
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
export { type GroupNormOptions, groupNorm } from './groupNorm.js';
export { layerNorm } from './layerNorm.js';
export { layerScale } from './layerScale.js';
export { adaptiveMean, averagePooling, globalMean, maxPooling, type PoolingOptions } from './pooling.js';
export { type PositionOptions, positionEmbedding } from './positions.js';
export { type ResidualOptions, residual } from './residual.js';
export { joined, type MapLayer, sequence, stageOf } from './sequence.js';
export { type SqueezeExciteOptions, squeezeExcite } from './squeezeExcite.js';
export { channelDropout, dropout, dropPath } from './stochastic.js';
export { type DenseTopOptions, denseTop } from './top.js';
export { type TransposedOptions, transposedConvolution } from './transposed.js';
