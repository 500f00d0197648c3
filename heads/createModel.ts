import {
  architectureFromConfig,
  architectureOf,
  type Backbone,
  backboneFromConfig,
  featuresOf,
  type Level,
  levelsOf,
} from '../backbones/index.js';
import type { EncoderSource, TargetTypes } from '../datasets/encoder.js';
import type { ClassMap, Detections } from '../datasets/sample.js';
import { type Neck, neckOf } from '../necks/index.js';
import type { BuiltHead } from './definition.js';
import { type HEADS, type HeadKind, headOf, headSettings } from './heads.js';
import { assemble, type Model } from './model.js';
import { type ModelConfig, type ModelInput, readModel } from './modelConfig.js';
import type { RetinaTargets } from './retina/encoder.js';
import type { RetinaRaw } from './retina/loss.js';
import type { SemanticTargets } from './semantic/encoder.js';
import type { SemanticRaw } from './semantic/loss.js';

/** A network, the encoder its loader workers need, and the config that it was made from. */
export interface Assembly<Raw = unknown, Types extends TargetTypes = TargetTypes, Result = unknown> {
  readonly model: Model<Raw, Types, Result>;
  readonly encoder: EncoderSource;
  /** [height, width] of the network input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  readonly config: ModelConfig;
}

export interface CreateOptions {
  /** K. */
  readonly classes: number;
  /** Number of classes that have objects, the first ones; of a panoptic network. */
  readonly things?: number | undefined;
  /** True: of a class map, classes may overlap. Defaults to false. */
  readonly overlaps?: boolean | undefined;
  /** Seed of the random initial weights. Defaults to 1. */
  readonly seed?: number;
}

/** Spread over the kinds: a config read at run time gives one of all. */
type AssemblyOf<Kind extends string> = Kind extends HeadKind
  ? ReturnType<(typeof HEADS)[Kind]['create']> extends BuiltHead<infer Raw, infer Types, infer Result>
    ? Assembly<Raw, Types, Result>
    : never
  : Assembly;

/**
 * Builds the network that a config describes, with random weights; the caller disposes its model.
 *
 * @throws ConfigError for settings that do not go together; ShapeError when the neck cannot make its levels of the backbone's
 * maps, or the head cannot read them
 */
export function createModel<Kind extends HeadKind | 'module'>(
  config: ModelConfig & { readonly head: { readonly kind: Kind } },
  { classes, things, overlaps, seed = 1 }: CreateOptions,
): AssemblyOf<Kind> {
  const { inputSize } = config;
  const { backbone, neck } = createPyramid(config, seed);
  const definition = headOf(config.head);
  try {
    const built = definition.create({ seed, ...headSettings(config.head) }, neck.features, {
      classes,
      things,
      overlaps,
      inputSize,
      architecture: architectureOf(architectureFromConfig(config.backbone)),
    });
    const encoder: EncoderSource = {
      // Read where threads are: a plain script of a page has neither them nor an address.
      get module() {
        return definition.encoder().href;
      },
      config: built.encoderConfig,
    };
    return { model: assemble(backbone, neck, built.head), encoder, inputSize, config } as unknown as AssemblyOf<Kind>;
  } catch (error) {
    backbone.dispose();
    neck.dispose();
    throw error;
  }
}

/**
 * A backbone with the maps that its neck reads, and the neck on them.
 *
 * @throws ConfigError for settings out of range, ShapeError when the neck cannot make its levels of the backbone's maps
 */
export function createPyramid(
  { backbone: trunk, neck: pyramid }: Pick<ModelConfig, 'backbone' | 'neck'>,
  seed: number,
): { readonly backbone: Backbone<Level>; readonly neck: Neck } {
  const offered = levelsOf(featuresOf(architectureOf(architectureFromConfig(trunk)).stages));
  const { definition, settings } = neckOf(pyramid);
  const read = definition.reads((settings.levels ?? offered) as readonly Level[], offered);
  const levels = trunk.levels ?? (read.length > 0 ? read : offered);
  const backbone = backboneFromConfig({ seed, ...trunk, levels }) as unknown as Backbone<Level>; // which levels: known at run time
  try {
    return { backbone, neck: definition.create({ seed, ...settings }, backbone.features) };
  } catch (error) {
    backbone.dispose();
    throw error;
  }
}

export type Detector = Assembly<RetinaRaw, RetinaTargets, Detections>;
export type Segmenter = Assembly<SemanticRaw, SemanticTargets, ClassMap>;

/**
 * Builds a detector with random weights: an EfficientDet by its name, or with other parts. Defaults to EfficientDet-Lite0.
 * Parameters are named as in effdet's `tf_efficientdet_*`.
 *
 * @throws ConfigError for settings that are unknown or out of range; ShapeError when the neck cannot make its levels of the
 * backbone's maps
 * @source Tan et al. 2020, arXiv:1911.09070
 */
export function createDetector({ classes, seed, ...model }: ModelInput & CreateOptions): Detector {
  return createModel(readModel(model, 'retina'), { classes, ...(seed === undefined ? {} : { seed }) });
}

/**
 * Builds a semantic segmenter with random weights: backbone, feature pyramid and head. Defaults to EfficientNet-Lite0 and a
 * BiFPN.
 *
 * @throws ConfigError for settings that are unknown or out of range; ShapeError when the neck cannot make its levels of the
 * backbone's maps
 */
export function createSegmenter({ classes, overlaps, seed, ...model }: ModelInput & CreateOptions): Segmenter {
  return createModel(readModel(model, 'semantic'), { classes, overlaps, ...(seed === undefined ? {} : { seed }) });
}
