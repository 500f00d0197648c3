import type { z } from 'zod';
import type { Frozen } from '../backbones/frozen.js';

import { readSettings } from '../backbones/settings.js';
import type { EncoderSource } from '../datasets/encoder.js';
import type { Detections } from '../datasets/sample.js';
import { builtModule } from './builtModule.js';
import { detectionConfig } from './detection/config.js';
import { createDetectionHead, encoderConfigOf } from './detection/detection.js';
import type { DetectionRaw } from './detection/loss.js';
import { assemble, type Model } from './model.js';
import { type DetectorSpec, type PresetName, presetOf } from './presets.js';
import { createPyramid } from './pyramid.js';

type HeadSettings = Pick<z.input<typeof detectionConfig>, 'anchors' | 'loss' | 'decode'>;

export interface DetectorOptions extends HeadSettings {
  /** A name, or a row of one's own: `{ ...PRESETS['efficientdet-d0'], channels: 96 }`. */
  readonly preset: PresetName | DetectorSpec;
  /** K. */
  readonly classes: number;
  /** [height, width] of the network input, pixels; the preset's own when absent. */
  readonly inputSize?: readonly [height: number, width: number];
  /** Part of the backbone that is not trained; 'none' when absent. */
  readonly frozen?: Frozen;
  /** Channels of the image; 3 when absent. */
  readonly inChannels?: number;
  /** Stochastic depth of the backbone: share of samples whose last residual branch is dropped in training; 0 when absent. */
  readonly dropPath?: number;
  /** Of the random initial weights; 1 when absent. */
  readonly seed?: number;
}

/** A network, and the encoder its loader workers need. */
export interface Assembly<Raw, Result> {
  readonly model: Model<Raw, Result>;
  readonly encoder: EncoderSource;
  /** [height, width] of the network input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
}

export type Detector = Assembly<DetectionRaw, Detections>;

/**
 * Builds an EfficientDet with random weights; parameters named as in effdet's `tf_efficientdet_*`.
 *
 * @throws ConfigError for an unknown preset, and for settings that are unknown or out of range; ShapeError when the
 * preset's neck cannot make its levels of the backbone's maps
 * @source Tan et al. 2020, arXiv:1911.09070
 */
export function createDetector(options: DetectorOptions): Detector {
  const { preset, classes, frozen = 'none', inChannels = 3, dropPath = 0, seed = 1, anchors, loss, decode } = options;
  const spec = typeof preset === 'string' ? presetOf(preset) : preset;
  const inputSize = options.inputSize ?? ([spec.pixels, spec.pixels] as const);
  const { activation } = spec;
  const headConfig = readSettings(
    detectionConfig,
    {
      kind: 'detection',
      classes,
      inputSize,
      repeats: spec.headDepth,
      activation,
      anchors: { anchorScale: spec.anchorScale, ...anchors },
      loss,
      decode,
      seed,
    },
    'detection head',
  );
  const { levels, channels, cells: repeats, fusion } = spec;
  const { backbone, neck } = createPyramid({
    arch: spec.backbone,
    frozen,
    inChannels,
    dropPath,
    seed,
    neck: { kind: spec.neck ?? 'bifpn', levels, channels, repeats, fusion, activation },
  });
  const head = createDetectionHead(headConfig, neck.features);
  const encoder = {
    module: builtModule('detection/encoder.js'),
    config: encoderConfigOf(headConfig, neck.features),
  };
  return { model: assemble(backbone, neck, head), encoder, inputSize };
}
