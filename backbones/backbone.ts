import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { PerImage } from '../datasets/intensity.js';
import type { OwnArchitecture } from './family.js';
import type { FeatureInfo, FeatureMaps, Level } from './features.js';
import type { Module, Pass } from './module.js';

/** What the weights expect of an image; travels with them into every checkpoint and export. */
export interface Preprocessing {
  /** Channel order of the decoded image; of other than three channels they come in RGB's order, over and over. */
  readonly channels: 'RGB';
  /** Per channel, in units of the pixels, 0..255 of 8-bit RGB: network input = (pixel - mean) / std. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Lowest and highest pixel per channel; what is beyond is clipped first. Absent: none is. */
  readonly clip?: readonly (readonly [low: number, high: number])[];
  /** What is done to each image by its own values before. Absent: nothing. */
  readonly perImage?: PerImage;
  /** Millimetres between rows and between columns that images are resampled to. Absent: images keep their own scale. */
  readonly spacing?: readonly [rows: number, columns: number];
  /** Images are decoded in their own depth. Absent: to 8-bit RGB, for the eye. */
  readonly depth?: 'own';
}

/** Mean and spread of ImageNet's training images. */
export const IMAGENET = {
  channels: 'RGB',
  mean: [123.675, 116.28, 103.53],
  std: [58.395, 57.12, 57.375],
} as const satisfies Preprocessing;
/** 0..255 to -1..1. */
export const SYMMETRIC = {
  channels: 'RGB',
  mean: [127.5, 127.5, 127.5],
  std: [127.5, 127.5, 127.5],
} as const satisfies Preprocessing;

/** Means subtracted, nothing divided, as Caffe's networks were trained; Keras's ResNet and VGG were, on BGR images. */
export const CAFFE = {
  channels: 'RGB',
  mean: [123.68, 116.779, 103.939],
  std: [1, 1, 1],
} as const satisfies Preprocessing;

/** A level of a backbone: its size is known for every image size. */
export type BackboneFeature = FeatureInfo & Required<Pick<FeatureInfo, 'sizeOf'>>;

/** What a backbone was built from, as plain data: `createBackbone` builds another one of it. */
export interface BackboneSettings {
  readonly arch: string;
  readonly levels: readonly Level[];
  readonly inChannels: number;
  readonly outputStride: number;
  readonly dropPath: number;
  readonly frozen: string | readonly string[];
  readonly preprocessing: Preprocessing;
}

/** What weights of an architecture go into: a backbone, a classifier. */
export interface Pretrainable extends Module {
  /** What it was built from; it stands wherever the name of an architecture can. */
  readonly architecture: OwnArchitecture;
  /** What the weights in it expect of an image: loading weights that say it themselves changes it. */
  preprocessing: Preprocessing;
  /** State-dict path of the convolution that sees the image; `foldStem` makes its weights fit other than RGB images. */
  readonly stem: string;
}

/** [N, H, W, inChannels] normalised images -> one map per level. A plain `Backbone` is any of them. */
export interface Backbone<L extends Level = never> extends Pretrainable {
  readonly settings: BackboneSettings;
  readonly features: { readonly [K in L]: BackboneFeature };
  /**
   * @param images [N, H, W, inChannels] float32, normalised as `preprocessing` says
   * @returns      one [N, ...sizeOf(H, W), channels] float32 map per level; the caller owns them
   */
  readonly forward: (images: Tensor4D, pass: Pass) => FeatureMaps<L>;
}

/** A whole network: images in, class logits out. */
export interface Classifier extends Pretrainable {
  /** Side of the images the network was made for. */
  readonly inputPixels: number;
  /** Width of the logits; 0: no classifier, `forward` gives the pooled features. */
  readonly classes: number;
  /** Width of the pooled features. */
  readonly channels: number;
  /**
   * @param images [N, H, W, inChannels] float32, normalised as `preprocessing` says
   * @returns      [N, classes] float32 logits, or [N, channels] pooled features; the caller owns them
   */
  readonly forward: (images: Tensor4D, pass: Pass) => Tensor2D;
}
