import * as tf from '@tensorflow/tfjs';
import type { Backbone, Preprocessing, Pretrainable } from '../backbones/backbone.js';
import { type FeatureInfo, type FeatureMaps, type FeatureSpec, type Level, levelsOf } from '../backbones/features.js';
import { joinModules, type Module, type Pass } from '../backbones/module.js';
import type { TargetTypes } from '../datasets/encoder.js';
import type { Placement } from '../datasets/placement.js';
import { ShapeError } from '../engine/errors.js';
import type { Neck } from '../necks/neck.js';
import { createIdentityNeck } from '../necks/none.js';
import type { ExportedAnswer } from './answers/answers.js';
import type { DecodeOptions, Head, Progress, Seen, TargetTensors } from './head.js';
import type { LossTerms } from './losses/term.js';

/** Images -> answers: backbone, neck and head as one network. */
export interface Model<Raw = unknown, Types extends TargetTypes = TargetTypes, Result = unknown> extends Module {
  /** What pretrained weights go into; its parameters are the model's below `backbone.`. */
  readonly backbone: Pretrainable;
  /** Backbone and head by the names of the published classifier, where they are one: what its weights go into. */
  readonly classifier?: Pretrainable & { readonly classes: number };
  /** Preprocessing of the backbone: what `forward` expects to have been done to the images. */
  preprocessing: Preprocessing;
  /** Path of the convolution that sees the image, see `foldStem`. */
  readonly stem: string;
  /**
   * @param images [N, H, W, inChannels] float32, normalised
   * @returns      the head's logits; the caller owns them
   */
  readonly forward: (images: tf.Tensor4D, pass: Pass) => Raw;
  /** The halves of `forward`: the backbone's maps of images, and what neck and head make of such maps; the caller owns both. */
  readonly maps: (images: tf.Tensor4D, pass: Pass) => FeatureMaps<Level>;
  readonly forwardMaps: (maps: FeatureMaps<Level>, pass: Pass) => Raw;
  readonly loss: (raw: Raw, targets: TargetTensors<Types>, progress?: Progress) => LossTerms;
  /** Answers in pixels of the original images, one per batch row. */
  readonly decode: (raw: Raw, placements: readonly Placement[], options?: DecodeOptions) => Promise<readonly Result[]>;
  /** Mean of the head's outputs for one input that was seen in several ways. Absent: the head has none. */
  readonly average?: (seen: readonly Seen<Raw>[]) => Raw;
  /** The end of the graph of an exported network; absent: the head has none. */
  readonly exported?: ExportedAnswer<Raw>;
}

/**
 * Joins backbone and head, or backbone, neck and head, into a network; parameters are named `backbone.*` and `fpn.*`, those of the head as they are. The
 * model owns the parts: its `dispose` frees them all.
 *
 * @throws ShapeError when a part was built for other feature maps than the part before it gives
 */
export function assemble<B extends Level, H extends B, Raw, Types extends TargetTypes, Result>(
  backbone: Backbone<B>,
  head: Head<H, Raw, Types, Result>,
): Model<Raw, Types, Result>;
export function assemble<
  B extends Level,
  In extends B,
  Out extends Level,
  H extends Out,
  Raw,
  Types extends TargetTypes,
  Result,
>(backbone: Backbone<B>, neck: Neck<In, Out>, head: Head<H, Raw, Types, Result>): Model<Raw, Types, Result>;
export function assemble<Raw, Types extends TargetTypes, Result>(
  backbone: Backbone<Level>,
  ...parts:
    | readonly [head: Head<Level, Raw, Types, Result>]
    | readonly [neck: Neck, head: Head<Level, Raw, Types, Result>]
): Model<Raw, Types, Result> {
  const [neck, head] = parts.length === 1 ? [null, parts[0]] : parts;
  return join(
    backbone,
    neck ?? createIdentityNeck(backbone.features),
    head,
    neck ? 'neck.features' : 'backbone.features',
  );
}

function join<Raw, Types extends TargetTypes, Result>(
  backbone: Backbone<Level>,
  neck: Neck,
  head: Head<Level, Raw, Types, Result>,
  source: string,
): Model<Raw, Types, Result> {
  checkFit('the neck', neck.inputs, backbone.features, 'build the neck from backbone.features');
  checkFit('the head', head.inputs, neck.features, `build the head from ${source}`);
  const { parameters, dispose } = joinModules({ backbone, fpn: neck, '': head });
  const forwardMaps = (maps: FeatureMaps<Level>, pass: Pass, pixels?: () => tf.Tensor4D): Raw =>
    head.forward(neck.forward(maps, pass), pass, pixels);
  const forward = (images: tf.Tensor4D, pass: Pass): Raw =>
    forwardMaps(backbone.forward(images, pass), pass, () => {
      const { mean, std } = backbone.preprocessing;
      return tf.add(tf.mul(images, tf.tensor1d([...std])), tf.tensor1d([...mean]));
    });
  const isClassifier = head.ownTop !== undefined && neck.parameters.size === 0;
  return {
    parameters,
    backbone,
    ...(isClassifier && head.ownTop ? { classifier: classifierOf(backbone, head, head.ownTop.classes) } : {}),
    get preprocessing() {
      return backbone.preprocessing;
    },
    set preprocessing(expected) {
      backbone.preprocessing = expected;
    },
    stem: `backbone.${backbone.stem}`,
    forward: (images, pass) => tf.tidy(() => forward(images, pass) as tf.TensorContainer) as Raw,
    maps: (images, pass) => backbone.forward(images, pass),
    forwardMaps: (maps, pass) => tf.tidy(() => forwardMaps(maps, pass) as tf.TensorContainer) as Raw,
    loss: (raw, targets, progress) => head.loss(raw, targets, progress),
    decode: (raw, placements) => head.decode(raw, placements),
    ...(head.average ? { average: head.average } : {}),
    ...(head.exported ? { exported: head.exported } : {}),
    dispose,
  };
}

/** Backbone and head as one classifier; it owns nothing. */
function classifierOf<L extends Level>(backbone: Backbone<L>, head: Module, classes: number) {
  return {
    architecture: backbone.architecture,
    stem: backbone.stem,
    classes,
    parameters: new Map([...backbone.parameters, ...head.parameters]),
    get preprocessing() {
      return backbone.preprocessing;
    },
    set preprocessing(expected: Preprocessing) {
      backbone.preprocessing = expected;
    },
    dispose: () => {},
  };
}

function checkFit<B extends Level, In extends B>(
  name: string,
  wanted: FeatureSpec<In>,
  given: FeatureSpec<B>,
  remedy: string,
): void {
  for (const level of levelsOf(wanted)) {
    const expected = wanted[level];
    const found: FeatureInfo | undefined = given[level]; // absent when a config read at run time left it out
    if (!found) throw new ShapeError(`${level} is not given, ${name} expects it: ${remedy}`);
    if (found.channels !== expected.channels) {
      throw new ShapeError(`${level} has ${found.channels} channels, ${name} expects ${expected.channels}: ${remedy}`);
    }
    if (found.stride !== expected.stride) {
      throw new ShapeError(`${level} has stride ${found.stride}, ${name} expects ${expected.stride}: ${remedy}`);
    }
  }
}
