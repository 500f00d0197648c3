import * as tf from '@tensorflow/tfjs';
import { LEVELS, type Level } from '../backbones/features.js';
import type { TargetTypes } from '../datasets/encoder.js';
import { compile } from '../engine/compile.js';
import { ConfigError, ShapeError } from '../engine/errors.js';
import { normalizeImages } from '../engine/kernels/normalizeImages.js';
import type { Model } from '../heads/model.js';
import type { TrainableModel } from './step.js';

/** A network that is taught on the maps of its frozen backbone, which are computed once for each image. */
export interface MapsTraining<Raw, Types extends TargetTypes> {
  /** For `createTrainingStep`: what it takes for images are packed maps. Its parameters are the network's own. */
  readonly model: TrainableModel<Raw, Types>;
  /**
   * The maps of a batch in one tensor, which the caller owns.
   *
   * @param images [N, H, W, C] as `uploadImages` gives them; N, H and W as in the call before
   * @returns      [N, values, 1, 1] float32
   */
  pack(images: tf.Tensor4D): Promise<tf.Tensor4D>;
  /** Frees what was compiled; the network stays the caller's. */
  dispose(): void;
}

/**
 * Leaves the backbone out of every training step: maps are cached instead of computed, which costs augmentation of the images
 * and brings steps of a fraction of the time.
 *
 * @throws ConfigError when something of the backbone is to be trained
 */
export function createMapsTraining<Raw, Types extends TargetTypes>(
  network: Pick<Model<Raw, Types>, 'maps' | 'forwardMaps' | 'loss' | 'parameters' | 'preprocessing' | 'dispose'>,
): MapsTraining<Raw, Types> {
  const taught = [...network.parameters].find(
    ([name, { variable }]) => name.startsWith('backbone.') && variable.trainable,
  );
  if (taught)
    throw new ConfigError(`${taught[0]} of the backbone is trained: its maps change; build it with frozen: 'all'`);
  let shapes: readonly (readonly [level: Level, shape: readonly number[]])[] | null = null;
  const forward = compile(
    (images: tf.Tensor4D) => {
      const { mean, std, clip } = network.preprocessing;
      const maps = network.maps(normalizeImages(images, mean, std, clip), { training: false });
      shapes = LEVELS.filter((level) => level in maps).map((level) => [level, maps[level].shape.slice(1)] as const);
      const rows = shapes.map(([level]) => tf.reshape(maps[level], [images.shape[0], -1, 1, 1]));
      return tf.concat<tf.Tensor4D>(rows as tf.Tensor4D[], 1);
    },
    { name: 'maps', constants: true },
  );
  const unpack = (packed: tf.Tensor4D) => {
    if (!shapes) throw new ShapeError('maps are packed before they are learned from: call pack first');
    let at = 0;
    const maps = shapes.map(([level, shape]) => {
      const values = shape.reduce((product, side) => product * side, 1);
      const part = tf.slice4d(packed, [0, at, 0, 0], [packed.shape[0], values, 1, 1]);
      at += values;
      return [level, tf.reshape(part, [packed.shape[0], ...shape])] as const;
    });
    return Object.fromEntries(maps) as unknown as ReturnType<typeof network.maps>;
  };
  return {
    model: {
      parameters: network.parameters,
      preprocessing: { ...network.preprocessing, mean: [0], std: [1] },
      forward: (packed, pass) => network.forwardMaps(unpack(packed), pass),
      loss: (raw, targets, progress) => network.loss(raw, targets, progress),
      dispose: () => undefined,
    },
    pack: (images) => forward.async(images),
    dispose: () => forward.dispose(),
  };
}
