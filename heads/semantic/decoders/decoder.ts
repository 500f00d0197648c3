import type { Tensor4D } from '@tensorflow/tfjs';
import * as z from 'zod';
import {
  type FeatureInfo,
  type FeatureMaps,
  type FeatureSpec,
  LEVELS,
  type Level,
} from '../../../backbones/features.js';
import type { Pass } from '../../../backbones/module.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { ShapeError } from '../../../engine/errors.js';

/** What a decoder must know of the network beside its own settings. */
export interface DecoderContext {
  /** [height, width] of the network input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  /** Width of the logits. */
  readonly outputs: number;
}

/** What a decoder makes of a backbone's maps. */
export interface Decoded {
  /** [N, h, w, channels] float32. */
  readonly map: Tensor4D;
  /** Maps on the way, finest first: what deep supervision predicts from. */
  readonly stages: readonly Tensor4D[];
}

/** Feature maps -> one map to predict from. */
export interface Decoder {
  /** The maps that it reads, finest first. */
  readonly levels: readonly Level[];
  /** Its map. */
  readonly output: FeatureInfo;
  /** Channels of its stages; empty: there is nothing on the way. */
  readonly stages: readonly number[];
  /** Window of the convolution that predicts from the map, cells; null: the map is the prediction. */
  readonly predictor: 1 | 3 | null;
  /** Brings the prediction to the input's size; corners keep their places unless it is `centred`. */
  readonly upsampling: 'aligned' | 'centred';
  /** Takes part in the tape; intermediate maps are the caller's to tidy. */
  readonly forward: (maps: Partial<FeatureMaps>, pass: Pass) => Decoded;
}

/** One kind of decoder: its config, and how it is built. */
export interface DecoderDefinition<Config extends z.ZodObject = z.ZodObject> {
  /** Schema of the decoder in a config file; `kind` names it. */
  readonly config: Config;
  /**
   * The maps that the decoder reads, finest first: a backbone needs to be built no deeper.
   *
   * @param features maps that the backbone can give
   * @throws ShapeError when a map that it needs is not among them
   */
  readonly reads: (features: Partial<FeatureSpec>, settings: z.output<Config>) => readonly Level[];
  /**
   * Creates its parameters, named as in segmentation_models_pytorch below `decoder.`.
   *
   * @param features maps that the backbone gives
   * @throws ShapeError when a map that it needs is not among them, ConfigError for settings that do not fit each other
   */
  readonly create: (
    features: Partial<FeatureSpec>,
    options: z.output<Config> & DecoderContext,
    parameters: Parameters,
  ) => Decoder;
}

/** Checks that config and function of a decoder belong together. */
export function defineDecoder<Config extends z.ZodObject>(
  decoder: DecoderDefinition<Config>,
): DecoderDefinition<Config> {
  return decoder;
}

/** The deepest map that a decoder reads: 3 is P3. */
export const depthConfig = z.union([z.literal(3), z.literal(4), z.literal(5)]);

/** Channels of a map, 1 to 4096. */
export const channelsConfig = z.int().min(1).max(4096);

/** Share of values dropped while training, from 0 up to below 1. */
export const dropoutConfig = z.number().min(0).lt(1);

/** P`first` to P`last`, without those that the backbone lacks where `optional` says so. */
export function levelsBetween(
  features: Partial<FeatureSpec>,
  { name, first, last, optional = [] }: LevelRange,
): readonly Level[] {
  const wanted = LEVELS.slice(first, last + 1);
  const missing = wanted.find((level) => !features[level] && !optional.includes(level));
  if (missing) {
    const given = LEVELS.filter((level) => level in features).join(', ');
    throw new ShapeError(
      `${name} needs ${missing}, the backbone gives ${given}: build it with that level, or set the decoder's depth`,
    );
  }
  return wanted.filter((level) => features[level]);
}
export interface LevelRange {
  /** Name of the decoder, for errors. */
  readonly name: string;
  readonly first: number;
  readonly last: number;
  /** Levels that may be missing. */
  readonly optional?: readonly Level[];
}

/** A map of `channels` on the input's own grid. */
export function wholeInput(channels: number): FeatureInfo {
  return { channels, stride: 1, tap: 'decoder', sizeOf: (height, width) => [height, width] };
}

/** A map of `channels` on the grid of a level. */
export function gridOfLevel(features: Partial<FeatureSpec>, level: Level, channels: number): FeatureInfo {
  return { ...infoOf(features, level), channels, tap: 'decoder' };
}

/** A level that `levelsBetween` has found. */
export function infoOf(features: Partial<FeatureSpec>, level: Level): FeatureInfo {
  return found(features[level], level);
}

/**
 * A map that the decoder was built for.
 *
 * @throws ShapeError when it is missing or has another width
 */
export function mapOf(maps: Partial<FeatureMaps>, features: Partial<FeatureSpec>, level: Level): Tensor4D {
  const map = found(maps[level], level);
  const { channels } = infoOf(features, level);
  if (map.shape[3] === channels) return map;
  throw new ShapeError(
    `${level} has ${map.shape[3]} channels, the decoder expects ${channels}: build the head from backbone.features`,
  );
}

function found<T>(value: T | undefined, level: Level): T {
  if (value !== undefined) return value;
  throw new ShapeError(`${level} is missing, the decoder reads it: give it all maps of the backbone`);
}
