export { decodingConfig } from './boxes/decodingConfig.js';
export type { DecodeOptions } from './boxes/suppression.js';
export { type ClassificationConfig, classificationConfig } from './classification/config.js';
export {
  type ClassificationEncoderConfig,
  type ClassificationTargets,
  createEncoder as createClassificationEncoder,
} from './classification/encoder.js';
export { type ClassificationOptions, createClassificationHead } from './classification/head.js';
export type { ClassificationRaw } from './classification/loss.js';
export {
  type Assembly,
  type CreateOptions,
  createDetector,
  createModel,
  createPyramid,
  createSegmenter,
  type Detector,
  type Segmenter,
} from './createModel.js';
export {
  type BuiltHead,
  defineHead,
  type HeadDefinition,
  type HeadSetting,
  type ModelDefaults,
  type NetworkSetting,
} from './definition.js';
export type { Head, TargetTensors } from './head.js';
export {
  addHead,
  HEAD_KINDS,
  HEAD_NAMES,
  HEADS,
  type HeadConfig,
  type HeadInput,
  type HeadKind,
  headConfig,
  headOf,
  headSettings,
  isHeadKind,
} from './heads.js';
export { boundaryLoss } from './losses/boundary.js';
export { crossEntropyLoss } from './losses/crossEntropy.js';
export { diceLoss } from './losses/dice.js';
export { type FocalOptions, focalLoss } from './losses/focal.js';
export { type HardestOptions, hardestCrossEntropyLoss } from './losses/hardest.js';
export { huberLoss } from './losses/huber.js';
export { giouLoss, IOU_LOSSES, type IouLoss, iouLoss } from './losses/iou.js';
export { lovaszLoss } from './losses/lovasz.js';
export type { RegionOptions } from './losses/overlap.js';
export { type Losses, type LossTerm, type LossTerms, meanLoss, quotient, reduceLosses } from './losses/term.js';
export { type TverskyOptions, tverskyLoss } from './losses/tversky.js';
export { assemble, type Model } from './model.js';
export { completeModel, type ModelConfig, type ModelInput, modelConfig, readModel } from './modelConfig.js';
export { isPresetName, PRESET_NAMES, PRESETS, type Preset, type PresetName } from './presets.js';
export { type AnchorConfig, anchorsPerCell, countAnchors, createAnchors } from './retina/anchors.js';
export { decodeBox, encodeBox } from './retina/boxCoder.js';
export { type RetinaConfig, retinaConfig } from './retina/config.js';
export { DEFAULT_DECODING, decodeRetina } from './retina/decode.js';
export {
  createEncoder as createRetinaEncoder,
  type RetinaEncoderConfig,
  type RetinaTargets,
} from './retina/encoder.js';
export { createRetinaHead, encoderConfigOf, type RetinaOptions } from './retina/head.js';
export type { RetinaRaw } from './retina/loss.js';
export { BACKGROUND, createMatcher, EXCLUDED, type MatchableTruth, type Matcher } from './retina/matcher.js';
export { SEMANTIC_LEVELS, type SemanticConfig, semanticConfig } from './semantic/config.js';
export { decodeClassMap } from './semantic/decode.js';
export { type SemanticDecoderConfig, semanticDecoderConfig } from './semantic/decoderConfig.js';
export { createSemanticDecoderHead, type SemanticDecoderOptions } from './semantic/decoderHead.js';
export type { DecoderRaw } from './semantic/decoderLoss.js';
export {
  DECODER_KINDS,
  type DecoderConfig,
  type DecoderKind,
  decoderConfig,
  decoderLevels,
} from './semantic/decoders/index.js';
export {
  createEncoder as createSemanticEncoder,
  type SemanticEncoderConfig,
  type SemanticTargets,
} from './semantic/encoder.js';
export { createSemanticHead, type SemanticOptions } from './semantic/head.js';
export type { SemanticRaw } from './semantic/loss.js';
export { SEMANTIC_LOSSES, type SemanticLossConfig, semanticLossConfig } from './semantic/losses/index.js';
export { type AsppOptions, aspp } from './semantic/parts/aspp.js';
export { encodeTargets, type HostTarget, toTargets } from './targets.js';
export {
  type Described,
  type DescribeOptions,
  defineTask,
  type FoundInstance,
  type FoundObject,
  type NamedClass,
  type Overlay,
  type Report,
  type ReportTable,
  type StitchedTile,
  type Stitching,
  TASK_NAMES,
  TASKS,
  type Task,
  type TaskName,
  type Views,
} from './tasks/index.js';
