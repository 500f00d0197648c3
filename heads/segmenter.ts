import type { z } from 'zod';
import type { Frozen } from '../backbones/frozen.js';
import { architectureOf, type BackboneArch } from '../backbones/index.js';
import { readSettings } from '../backbones/settings.js';
import type { ClassMap } from '../datasets/sample.js';
import type { NeckKind, NeckSettings } from '../necks/index.js';
import { builtModule } from './builtModule.js';
import type { Assembly } from './detector.js';
import { assemble } from './model.js';
import { createPyramid } from './pyramid.js';
import { semanticConfig } from './semantic/config.js';
import type { SemanticRaw } from './semantic/loss.js';
import { createSemanticHead } from './semantic/semantic.js';

/** The pyramid per stride of the logits. */
export const SEGMENTER_LEVELS = { 2: ['P1', 'P2', 'P3', 'P4', 'P5'], 4: ['P2', 'P3', 'P4', 'P5'] } as const;

export interface SegmenterOptions {
  /** timm's name, e.g. 'tf_efficientnet_lite0'. */
  readonly backbone: BackboneArch;
  /** K, 2 to 255. */
  readonly classes: number;
  /** [height, width] of the network input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  /** Input pixels per cell of the logits; 4 when absent. */
  readonly outputStride?: keyof typeof SEGMENTER_LEVELS;
  /** Feature pyramid: a BiFPN when `kind` is absent; its channels, and cells and fusion of a BiFPN. */
  readonly neck?: Pick<NeckSettings, 'channels' | 'repeats' | 'fusion'> & { readonly kind?: NeckKind };
  /** Width, and weights of the loss terms. */
  readonly head?: Pick<
    z.input<typeof semanticConfig>,
    'channels' | 'crossEntropyWeight' | 'diceWeight' | 'classWeights'
  >;
  /** Part of the backbone that is not trained; 'none' when absent. */
  readonly frozen?: Frozen;
  /** Channels of the image; 3 when absent. */
  readonly inChannels?: number;
  /** Stochastic depth of the backbone: share of samples whose last residual branch is dropped in training; 0 when absent. */
  readonly dropPath?: number;
  /** Of the random initial weights; 1 when absent. */
  readonly seed?: number;
}

export type Segmenter = Assembly<SemanticRaw, ClassMap>;

/**
 * Builds a semantic segmenter with random weights: backbone, feature pyramid down to the output stride, pyramid head.
 *
 * @throws ConfigError for an unknown backbone, and for settings that are unknown or out of range; ShapeError when the
 * neck cannot make its levels of the backbone's maps
 */
export function createSegmenter(options: SegmenterOptions): Segmenter {
  const { classes, inputSize, outputStride = 4, frozen = 'none', inChannels = 3, dropPath = 0, seed = 1 } = options;
  const { activation } = architectureOf(options.backbone);
  const levels = SEGMENTER_LEVELS[outputStride];
  const headConfig = readSettings(
    semanticConfig,
    { kind: 'semantic', classes, inputSize, seed, ...options.head },
    'semantic head',
  );
  const { backbone, neck } = createPyramid({
    arch: options.backbone,
    frozen,
    inChannels,
    dropPath,
    seed,
    neck: { kind: 'bifpn', levels, activation, ...options.neck },
  });
  const head = createSemanticHead(headConfig, neck.features);
  const encoder = { module: builtModule('semantic/encoder.js'), config: { inputSize } };
  return { model: assemble(backbone, neck, head), encoder, inputSize };
}
