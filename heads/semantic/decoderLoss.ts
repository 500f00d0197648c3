import * as tf from '@tensorflow/tfjs';
import { ConfigError } from '../../engine/errors.js';
import { greaterEqualMask, oneHot, resizeNearestExact } from '../../engine/kernels/index.js';
import type { TargetTensors } from '../head.js';
import { setRows } from '../losses/overlap.js';
import { type LossTerms, meanLoss } from '../losses/term.js';
import type { SemanticTargets } from './encoder.js';
import { semanticLoss } from './loss.js';
import type { SemanticLossConfig } from './losses/index.js';

/** What a decoder head gives: logits of cells, of whole images where it has an auxiliary answer, and of coarser cells. */
export type DecoderRaw = {
  /** [N, H, W, K]; K is 1 for one class against the background. */
  readonly logits: tf.Tensor4D;
  /** [N, auxiliary classes]. */
  readonly image?: tf.Tensor2D;
} & {
  /** [N, h, w, K], `deep0` the finest, where the decoder is supervised on the way. */
  readonly [stage: `deep${number}`]: tf.Tensor4D;
};

/** [N, h, w, K] for every K, 1 included: one logit is that of class 1 beside 0 for the background. */
export function classLogits(logits: tf.Tensor4D): tf.Tensor4D {
  return logits.shape[3] === 1 ? tf.concat([tf.zerosLike(logits), logits], 3) : logits;
}

export interface DecoderLossOptions {
  readonly loss: SemanticLossConfig;
  /** True: bit k of a mask's value is class k. Defaults to false. */
  readonly overlaps?: boolean;
  /** Weights of the class map's loss, and of that of each coarser prediction, finest first. */
  readonly stageWeights: readonly number[];
  /** Weight of the auxiliary answer's loss. */
  readonly auxiliaryWeight: number;
}

/**
 * Loss of the class maps, plus that of the coarser predictions, each with its weight, plus the auxiliary answer's.
 *
 * @param targets mask [N, H, W] int32, below 0 where ignored; `image` [N, auxiliary classes] float32 in 0..1, or nothing:
 *   then an image has the classes that its mask shows
 * @throws ConfigError when there is no `image` and the auxiliary answer has other classes than the mask
 * @source classes shown: Zhang et al. 2018, arXiv:1803.08904, section 3.1
 */
export function decoderLoss(
  raw: DecoderRaw,
  targets: TargetTensors<SemanticTargets> & { readonly image?: tf.Tensor },
  options: DecoderLossOptions,
): LossTerms {
  const { image, ...maps } = targets;
  const { mask } = maps;
  const terms = options.stageWeights.flatMap((weight, i) => {
    const logits = i === 0 ? raw.logits : raw[`deep${i - 1}`];
    if (!logits) return [];
    const fitting = i === 0 ? maps : { ...maps, mask: maskAt(mask, logits.shape[1], logits.shape[2]) };
    const losses = semanticLoss(
      options.overlaps ? logits : classLogits(logits),
      fitting,
      options.loss,
      options.overlaps,
    );
    return Object.entries(losses).map(([name, term]) => {
      return [i === 0 ? name : `${name}${i}`, { ...term, weight: term.weight * weight }] as const;
    });
  });
  if (!raw.image) return Object.fromEntries(terms);
  const shown = image ?? classesShown(mask, raw.logits, raw.image.shape[1], options.overlaps);
  return { ...Object.fromEntries(terms), image: meanLoss(imageLoss(raw.image, shown), options.auxiliaryWeight) };
}

/** The labels nearest to the cells' centres. */
function maskAt(mask: tf.Tensor3D, height: number, width: number): tf.Tensor3D {
  const map = tf.cast<tf.Tensor4D>(tf.expandDims(mask, 3), 'float32');
  return tf.cast<tf.Tensor3D>(tf.squeeze(resizeNearestExact(map, height, width), [3]), 'int32');
}

/** [N, outputs]: 1 where a class has a cell in the image. */
function classesShown(mask: tf.Tensor3D, logits: tf.Tensor4D, wanted: number, overlaps = false): tf.Tensor2D {
  const outputs = logits.shape[3];
  if (outputs !== wanted) {
    throw new ConfigError(
      `the auxiliary answer has ${wanted} classes, the class map ${outputs}: give both as many, or targets called 'image' of [N, ${wanted}]`,
    );
  }
  const classes = Math.max(2, outputs);
  const [N, height, width] = mask.shape;
  if (overlaps) {
    const rows = tf.zeros([N, height * width, outputs]);
    return tf.max(setRows(rows, tf.reshape(mask, [N, height * width])).hot, 1) as tf.Tensor2D;
  }
  const hot = oneHot(tf.reshape(mask, [mask.size]) as tf.Tensor1D, classes); // rows below 0 are all zero
  const shown = tf.max<tf.Tensor2D>(tf.reshape(hot, [N, height * width, classes]), 1);
  return outputs === 1 ? tf.slice(shown, [0, 1], [N, 1]) : shown;
}

/** Binary cross-entropy of every class, averaged. */
function imageLoss(logits: tf.Tensor2D, truth: tf.Tensor): tf.Scalar {
  // log(1 + exp(-|x|)) + max(x, 0) - x * truth, which overflows nowhere
  const positive = tf.mul(logits, greaterEqualMask(logits, 0));
  const tail = tf.softplus(tf.neg(tf.abs(logits)));
  return tf.mean<tf.Scalar>(tf.sub(tf.add(tail, positive), tf.mul(logits, truth)));
}
