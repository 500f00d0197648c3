export { type AdamWDecays, type AdamWState, adamw } from './adamw.js';
export { avgPool } from './avgPool.js';
export { batchNormInference } from './batchNormInference.js';
export { batchNormSynced } from './batchNormSynced.js';
export { type BatchStatistics, batchNormTrain } from './batchNormTrain.js';
export { channelAffine } from './channelAffine.js';
export { channelSum } from './channelSum.js';
export { type ConvolutionLayout, conv2d, depthwiseConv2d } from './conv2d.js';
export { cropAndResize } from './cropAndResize.js';
export { cumsum } from './cumsum.js';
export { dropChannels, dropout, dropPath } from './dropout.js';
export { einsum } from './einsum.js';
export { gate } from './gate.js';
export { gatherND, gatherRows, sortRows, topK } from './gather.js';
export { gelu } from './gelu.js';
export { groupConv2d } from './groupConv2d.js';
export { groupNorm } from './groupNorm.js';
export { hardSigmoid } from './hardSigmoid.js';
export { hardSwish } from './hardSwish.js';
export { type LambNumbers, type LambState, lamb } from './lamb.js';
export { layerNorm } from './layerNorm.js';
export { type LionNumbers, type LionState, lion } from './lion.js';
export { maxPool } from './maxPool.js';
export {
  type NmsInputs,
  type NmsOutputs,
  nonMaxSuppression,
  type SuppressionLimits,
  softNonMaxSuppression,
} from './nonMaxSuppression.js';
export { normalizeImages } from './normalizeImages.js';
export { oneHot } from './oneHot.js';
export { type Padding, padExplicitly, type Size } from './padding.js';
export { relu6 } from './relu6.js';
export { type AxisWeights, resample } from './resample.js';
export { resizeAligned } from './resizeAligned.js';
export { type BicubicStyle, resizeBicubic } from './resizeBicubic.js';
export { resizeBilinear } from './resizeBilinear.js';
export { resizeNearest, resizeNearestExact } from './resizeNearest.js';
export { type RmspropNumbers, type RmspropState, rmsprop } from './rmsprop.js';
export { type RoiAlignOptions, roiAlign } from './roiAlign.js';
export { scatterND } from './scatter.js';
export { squeeze } from './squeeze.js';
export { statelessNormal } from './statelessNormal.js';
export { foldSeed, statelessUniform } from './statelessUniform.js';
export { swish } from './swish.js';
export {
  detached,
  equalMask,
  greaterEqualMask,
  greaterMask,
  lessEqualMask,
  lessMask,
  notEqualMask,
} from './tape.js';
export { upsampleAdd } from './upsampleAdd.js';
