export {
  type Affine,
  affineOf,
  areaScale,
  compose,
  IDENTITY,
  invert,
  mirrorX,
  mirrorY,
  quarterTurn,
} from './affine.js';
export { type Augmentation, type AugmentConfig, applyAugmentation, drawAugmentation, plain } from './augment.js';
export type { OpRule } from './augmentConfig.js';
export { restoreBoxes, transformBoxes } from './boxes.js';
export { type ColorChange, type ColorJitter, changeColor } from './color.js';
export { type Letterboxed, letterbox, letterboxPlacement, paddedPlacement, padToMultiple } from './letterbox.js';
export type { MixingConfig } from './mixing.js';
export { OP_NAMES, type OpName } from './ops/index.js';
export { POLICY_NAMES } from './policies/index.js';
export type { Region } from './region.js';
export { type Fill, warpImage, warpMask } from './warp.js';
