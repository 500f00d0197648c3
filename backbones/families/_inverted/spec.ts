/** How networks of inverted residuals are written down as tables. */
import type { Preprocessing } from '../../backbone.js';
import type { Level } from '../../features.js';
import type { Activation, Padding } from '../../layers/index.js';

/**
 * `separable`: depthwise and pointwise only. `inverted`: widened by a pointwise convolution first. `fused`: widening and
 * depthwise convolution as one dense one. `plain`: one convolution.
 */
export type BlockKind = 'separable' | 'inverted' | 'fused' | 'plain';

/** Equal blocks in a row. */
export interface BlockRow {
  readonly block: BlockKind;
  /** Before depth scaling. */
  readonly repeats: number;
  readonly kernel: 1 | 3 | 5;
  /** Stride of the first block. */
  readonly stride: 1 | 2;
  /** Hidden width / input width. */
  readonly expand: number;
  /** Before width scaling. */
  readonly channels: number;
  /** Squeeze-excite width / width that `SqueezeRule.of` names; 0: none. */
  readonly squeeze: number;
  /** Activation inside the blocks. Defaults to the network's. */
  readonly activation?: Activation;
  /** False: no input is added, even where nothing changes its shape. */
  readonly hasSkip?: false;
  /** The hidden width follows the output's instead of the input's. */
  readonly expandsOutput?: true;
}

/** Rows that belong to one stage, `blocks.N`; a feature map is read after the last stage of each stride. */
export type StageRows = readonly BlockRow[];

/** How a network weighs its channels. */
export interface SqueezeRule {
  /** The width that `BlockRow.squeeze` is a share of: the block's input, or what the weights apply to. */
  readonly of: 'input' | 'hidden';
  /** The squeezed width is a multiple of it. */
  readonly multiple: 1 | 8;
  /** Activation between the two convolutions. Defaults to the block's own. */
  readonly activation?: Activation;
  readonly gate: 'sigmoid' | 'hardSigmoid';
}

/** One network as data. */
export interface InvertedSpec {
  readonly stages: readonly StageRows[];
  /** Width multiplier: scales the channels of the stages. */
  readonly width: number;
  /** Depth multiplier: scales the number of repeats. */
  readonly depth: number;
  /** The first and the last stage keep their repeats. */
  readonly keepsEnds?: boolean;
  /** Smallest share of a scaled width that rounding leaves. */
  readonly roundLimit: number;
  /** As built. */
  readonly stemChannels: number;
  /** Output channels of the last convolution, as built. */
  readonly headChannels: number;
  /** Where the last convolution stands: on the map with a norm, or on its mean with a bias. */
  readonly head: 'map' | 'mean';
  readonly squeeze: SqueezeRule;
  readonly activation: Activation;
  readonly padding: Padding;
  readonly epsilon: number;
  readonly inputPixels: number;
  readonly preprocessing: Preprocessing;
}

/** Stride 2 to 32. */
export type InvertedLevel = (typeof INVERTED_LEVELS)[number];
export const INVERTED_LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const satisfies readonly Level[];

/** As released (SAME padding, epsilon 1e-3, names in `tf_`), and as retrained in PyTorch (symmetric padding, 1e-5). */
export const RELEASED = { padding: 'same', epsilon: 1e-3 } as const;
export const RETRAINED = { padding: 'symmetric', epsilon: 1e-5 } as const;

/** The nearest multiple of 8, at least 8, that is not below `limit` times the value. */
export function toMultipleOf8(value: number, limit: number): number {
  const rounded = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return rounded < limit * value ? rounded + 8 : rounded;
}
/** Share of a width that rounding must leave in most of these networks. */
export const ROUND_LIMIT = 0.9;
