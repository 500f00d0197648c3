import type { Scalar, Tensor } from '@tensorflow/tfjs';
import type { FeatureMaps, FeatureSpec, Level } from '../backbones/features.js';
import type { Module, Pass } from '../backbones/module.js';
import type { Placement } from '../datasets/placement.js';

/** Named terms; the one called `total` is minimised. */
export type Losses<Term extends string = string> = { readonly [K in Term | 'total']: Scalar };

/** Target tensors of one batch, by the names and shapes the head's encoder declares (datasets/encoder.ts), batch dimension first. */
export type TargetTensors = { readonly [name: string]: Tensor };

/** Feature maps -> answers. The tensor-free half (anchors, matching, class maps) is the head's Encoder. */
export interface Head<In extends Level, Raw, Result> extends Module {
  readonly inputs: FeatureSpec<In>;
  /** Differentiable; logits. */
  readonly forward: (maps: FeatureMaps<In>, pass: Pass) => Raw;
  /** Tensors only, so that a whole training step compiles. */
  readonly loss: (raw: Raw, targets: TargetTensors) => Losses;
  /**
   * Host values in pixels of the original images.
   *
   * @param placements how each original image was laid into the network's input, one per batch row
   */
  readonly decode: (raw: Raw, placements: readonly Placement[]) => Promise<readonly Result[]>;
}
