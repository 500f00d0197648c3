import * as z from 'zod';
import { detectionConfig } from './detection/config.js';
import { createDetectionHead } from './detection/detection.js';
import { semanticConfig } from './semantic/config.js';
import { createSemanticHead } from './semantic/semantic.js';

export { type AnchorConfig, anchorsPerCell, countAnchors, createAnchors } from './detection/anchors.js';
export { type DetectionConfig, detectionConfig } from './detection/config.js';
export { DEFAULT_DECODING, type DecodeOptions, decodeDetections } from './detection/decode.js';
export { createDetectionHead, type DetectionOptions, encoderConfigOf } from './detection/detection.js';
export { createEncoder as createDetectionEncoder, type DetectionEncoderConfig } from './detection/encoder.js';
export type { DetectionRaw } from './detection/loss.js';
export { type Assembly, createDetector, type Detector, type DetectorOptions } from './detector.js';
export type { Head, Losses, TargetTensors } from './head.js';
export { assemble, type Model } from './model.js';
export { type DetectorSpec, PRESET_NAMES, PRESETS, type PresetName, presetOf } from './presets.js';
export { createPyramid, type PyramidOptions } from './pyramid.js';
export { createSegmenter, SEGMENTER_LEVELS, type Segmenter, type SegmenterOptions } from './segmenter.js';
export { type SemanticConfig, semanticConfig } from './semantic/config.js';
export { decodeClassMap } from './semantic/decode.js';
export { createEncoder as createSemanticEncoder, type SemanticEncoderConfig } from './semantic/encoder.js';
export type { SemanticRaw } from './semantic/loss.js';
export { createSemanticHead, type SemanticOptions } from './semantic/semantic.js';

/** Every head as plain data. */
export const headConfig = z.discriminatedUnion('kind', [detectionConfig, semanticConfig]);
export type HeadConfig = z.infer<typeof headConfig>;

/** Every head there is, by the `kind` of its config. */
export const HEADS = { detection: createDetectionHead, semantic: createSemanticHead } satisfies {
  readonly [K in HeadConfig['kind']]: unknown;
};
