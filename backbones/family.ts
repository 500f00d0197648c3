import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Preprocessing } from './backbone.js';
import type { Level } from './features.js';
import type { Activation } from './layers/activation.js';
import type { Pass } from './module.js';
import type { Parameters } from './parameters.js';

/** What may differ between two networks of one name. */
export interface ArchitectureOptions {
  /** Channels of the image. */
  readonly inChannels: number;
  /** Input pixels per cell of the deepest map: strides beyond it become dilations, see `strided`. */
  readonly outputStride: OutputStride;
  /** Share of samples whose last residual branch is dropped while training; earlier branches grow linearly from 0. */
  readonly dropPath: number;
  /** True: stages that dilate do so from their first block on, see `strided`. Defaults to false. */
  readonly dilatesWholeStages?: boolean;
}
export const OUTPUT_STRIDES = [8, 16, 32] as const;
export type OutputStride = (typeof OUTPUT_STRIDES)[number];

/** What stages hand on: the map itself first; families with a longer memory carry further maps. */
export type State = readonly [map: Tensor4D, ...others: Tensor4D[]];
export type StageLayer = (state: State, pass: Pass) => State;

/** A part of a network between two places where its map can be read or frozen; no tensor yet. */
export interface Stage<L extends Level = Level> {
  /** State-dict paths that hold all its parameters and no others, e.g. ['conv1', 'bn1'] or ['layer2']. */
  readonly paths: readonly string[];
  /** The name of its output as a feature map; null: not a level. */
  readonly level: L | null;
  /** The original's name of that place, e.g. 'act1'. */
  readonly tap: string;
  /** Channels of the map it gives. */
  readonly channels: number;
  /** Cells of its input per cell of its output, nominal. */
  readonly stride: number;
  /** Exact number of its output's cells along an axis of `cells` input cells. */
  readonly cells: (cells: number) => number;
  /** Creates its parameters. */
  readonly build: (parameters: Parameters) => StageLayer;
}

/** What follows the last stage in a classifier. */
export interface Top {
  /** Width of the pooled features. */
  readonly channels: number;
  /** State-dict path of the replaceable classifier, e.g. 'fc'. */
  readonly classifier: string;
  /** Path of a second one that learned from a teacher and whose logits are averaged with it. Defaults to none. */
  readonly distilled?: string;
  /** True: it reads more than the last stage's map, such as a class token. Absent: that map alone. */
  readonly readsMore?: true;
  /** Creates its parameters; with 0 classes all but those of the classifier. */
  readonly build: (parameters: Parameters, options: TopOptions) => (state: State, pass: Pass) => Tensor2D;
}
export interface TopOptions {
  /** Width of the logits; 0: the pooled features are given. */
  readonly classes: number;
  /** Share of the pooled features dropped while training. */
  readonly dropout: number;
}

/** One architecture with every number resolved; makes no tensor until a stage is built. */
export interface Architecture<L extends Level = Level> {
  /** Side of the images it was made for. */
  readonly inputPixels: number;
  /** True: it takes images of that size only. Absent: any that leave every map a cell. */
  readonly isFixed?: true;
  readonly preprocessing: Preprocessing;
  /** The trunk's: what a neck on it uses unless told otherwise. */
  readonly activation: Activation;
  /** State-dict path of the convolution that sees the image. */
  readonly stem: string;
  readonly stages: readonly Stage<L>[];
  readonly top: Top;
}

/** Networks built by one function from one table; `backbones/index.ts` lists all families. */
export interface Family<Arch extends string = string, L extends Level = Level> {
  /** timm's names, or torchvision's where timm has none. */
  readonly archs: readonly Arch[];
  /** All levels it gives, finest first. */
  readonly levels: readonly L[];
  /** Output strides below its own 32 that it can be built with; none where strides cannot become dilations. */
  readonly outputStrides: readonly OutputStride[];
  /** @param arch one of `archs` */
  architecture(arch: Arch, options: ArchitectureOptions): Architecture<L>;
}

/** An architecture that no table names; it stands wherever a name can. */
export interface OwnArchitecture<L extends Level = Level> {
  /** For errors. */
  readonly name: string;
  /** Gives this one architecture. */
  readonly family: Family<string, L>;
}
