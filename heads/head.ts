import type { Rank, Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs';
import type { FeatureMaps, FeatureSpec, Level } from '../backbones/features.js';
import type { Module, Pass } from '../backbones/module.js';
import type { TargetTypes } from '../datasets/encoder.js';
import type { Placement } from '../datasets/placement.js';
import type { ExportedAnswer } from './answers/answers.js';
import type { LossTerms } from './losses/term.js';

type BatchRank = { readonly 0: Rank.R1; readonly 1: Rank.R2; readonly 2: Rank.R3; readonly 3: Rank.R4 };

/** Targets of one batch as tensors, by the names and shapes the head's encoder declares, batch dimension first. */
export type TargetTensors<Types extends TargetTypes = TargetTypes> = {
  readonly [Name in keyof Types]: Tensor<BatchRank[NonNullable<Types[Name]>[1]]>;
};

/** How far a training is when a step begins; float32 scalars, constants to gradients. */
export type Progress = {
  /** Share of all steps that are done, 0..1. */
  readonly share: Scalar;
  /** Epochs that are done, with their fraction. */
  readonly epochs: Scalar;
};

/** What an answer carries beside itself. */
export interface DecodeOptions {
  /** True: class maps carry the probabilities of their classes. Defaults to false; other answers carry what they always do. */
  readonly probabilities?: boolean;
}

/** Outputs for an input that may have been resized, or mirrored, left and right exchanged. */
export interface Seen<Raw> {
  readonly raw: Raw;
  readonly isMirrored: boolean;
}

/** Feature maps -> predictions. The tensor-free half (anchors, matching, class maps) is the head's Encoder. */
export interface Head<In extends Level, Raw, Types extends TargetTypes, Result> extends Module {
  readonly inputs: FeatureSpec<In>;
  /** Present: it is the end of the backbone's published classifier, and its parameters are named as there. */
  readonly ownTop?: { readonly classes: number };
  /**
   * Differentiable; logits.
   *
   * @param pixels the images before they were normalised, [N, H, W, C], where there are any: for losses that look at them
   */
  readonly forward: (maps: FeatureMaps<In>, pass: Pass, pixels?: () => Tensor4D) => Raw;
  /**
   * Tensors only, so that a whole training step compiles; called inside `tf.tidy`.
   *
   * @param targets  what the head's encoder wrote for every image
   * @param progress share of the training that is done. Defaults to a late step
   */
  readonly loss: (raw: Raw, targets: TargetTensors<Types>, progress?: Progress) => LossTerms;
  /**
   * Host values in pixels of the original images.
   *
   * @param placements how each original image was laid into the network's input, one per batch row
   */
  readonly decode: (raw: Raw, placements: readonly Placement[], options?: DecodeOptions) => Promise<readonly Result[]>;
  /** The mean of outputs for one input that was seen in several ways. Absent: its answers are combined instead, see `Task.views`. */
  readonly average?: (seen: readonly Seen<Raw>[]) => Raw;
  /** The same prediction for exported networks. Absent: networks with this head are not exported. */
  readonly exported?: ExportedAnswer<Raw>;
}
