import * as tf from '@tensorflow/tfjs';
import * as z from 'zod';
import { valueAt } from '../engine/checked.js';
import { ConfigError, ShapeError } from '../engine/errors.js';
import type { Backbone } from './backbone.js';
import { OUTPUT_STRIDES } from './family.js';
import {
  type BackboneArch,
  createBackbone,
  type FeatureMaps,
  type FeatureSpec,
  FROZEN,
  isBackboneArch,
  LEVELS,
  type Level,
  type LevelsOf,
  levelsOf,
  mapSize,
} from './index.js';
import { readSettings } from './settings.js';

/** As `tf.layers` has them: null where a model does not fix a side. */
type Sides = (number | null)[];
type LayerArgs = ConstructorParameters<typeof tf.layers.Layer>[0];

const settingsSchema = z.strictObject({
  arch: z.string().refine(isBackboneArch, 'no backbone has this name'),
  levels: z.array(z.enum(LEVELS)).min(1),
  inChannels: z.int().min(1),
  outputStride: z.literal(OUTPUT_STRIDES),
  dropPath: z.number().min(0).lt(1),
  frozen: z.union([z.literal(FROZEN), z.array(z.string())]),
  preprocessing: z.strictObject({
    channels: z.literal('RGB'),
    mean: z.array(z.number()).min(1),
    std: z.array(z.number()).min(1),
  }),
});

/** A parameter of a backbone where `tf.layers` looks for weights; the variable is the backbone's own. */
class BackboneWeight extends tf.LayerVariable {
  constructor(variable: tf.Variable, name: string) {
    super(variable, 'float32', name, variable.trainable);
    this.val.dispose(); // the copy that every layer variable makes
    Object.assign(this, { val: variable });
  }
}

class BackboneLayer extends tf.layers.Layer {
  static readonly className = 'EspalierBackbone';
  readonly #backbone: Backbone;
  readonly #levels: readonly Level[];
  /** Training passes so far: each drops anew. */
  #passes = 0;

  constructor(args: LayerArgs & { readonly backbone?: unknown }, given?: Backbone) {
    const { backbone: stored, ...own } = args;
    super(own);
    this.#backbone = given ?? restored(stored);
    this.#levels = levelsOf(this.#backbone.features);
    const weights = [...this.#backbone.parameters].map(
      ([name, { variable }]) => new BackboneWeight(variable, `${this.name}/${name}`),
    );
    this.trainableWeights = weights.filter(({ trainable }) => trainable);
    this.nonTrainableWeights = weights.filter(({ trainable }) => !trainable);
  }

  override build(inputShape: Sides | Sides[]): void {
    const shape = single(inputShape);
    const { inChannels } = this.#backbone.settings;
    if (shape.length !== 4 || shape[3] !== inChannels) {
      throw new ShapeError(`images are [${shape}], the network takes [N, H, W, ${inChannels}]`);
    }
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Sides | Sides[]): Sides | Sides[] {
    const [count = null, height = null, width = null] = single(inputShape);
    const features: Partial<FeatureSpec> = this.#backbone.features;
    const shapes = this.#levels.map((level): Sides => {
      const info = features[level]!;
      const [rows, columns] = mapSize(info, height ?? 1, width ?? 1);
      return [count, height === null ? null : rows, width === null ? null : columns, info.channels];
    });
    return shapes.length === 1 ? valueAt(shapes, 0) : shapes;
  }

  override call(
    inputs: tf.Tensor | tf.Tensor[],
    kwargs: { readonly [name: string]: unknown },
  ): tf.Tensor | tf.Tensor[] {
    return tf.tidy(() => {
      const images = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D;
      const training = kwargs.training === true && this.trainable;
      const seed = training ? { seed: tf.tensor1d([0, this.#passes++], 'int32') } : {};
      const maps: Partial<FeatureMaps> = this.#backbone.forward(images, { training, ...seed });
      const outputs = this.#levels.map((level): tf.Tensor => maps[level]!);
      return outputs.length === 1 ? valueAt(outputs, 0) : outputs;
    });
  }

  /**
   * The settings travel as text under a key that `tf.layers` does not translate between camelCase and snake_case.
   *
   * @throws ConfigError for an architecture that no name stands for
   */
  override getConfig(): tf.serialization.ConfigDict {
    const { settings } = this.#backbone;
    if (!isBackboneArch(settings.arch)) {
      throw new ConfigError(
        `a model with ${settings.arch} cannot be saved: only architectures with a name can be loaded`,
      );
    }
    return { ...super.getConfig(), backbone: { name: JSON.stringify(settings) } };
  }
}
tf.serialization.registerClass(BackboneLayer);

/**
 * A backbone as a layer of a `tf.model`: it is trained, saved and loaded with the model. The layer takes
 * [N, H, W, inChannels] float32 images, normalised as `backbone.preprocessing` says, and gives its map, or the list of its
 * maps, finest first. The model owns the backbone's variables: disposing it frees them. Loading a model needs this
 * module to be imported.
 *
 * @param name of the layer, before the names of its weights. Defaults to one of its own
 */
export function asLayer(backbone: Backbone, name?: string): tf.layers.Layer {
  const own = name === undefined ? {} : { name };
  return new BackboneLayer(own, backbone);
}

/** @throws ConfigError when a model's file holds other settings than `getConfig` writes */
function restored(stored: unknown): Backbone {
  const text = typeof stored === 'object' && stored !== null && 'name' in stored ? stored.name : undefined;
  const settings = readSettings(settingsSchema, parse(text) as z.input<typeof settingsSchema>, 'backbone layer');
  const levels = settings.levels as readonly LevelsOf<BackboneArch>[];
  return createBackbone({ ...settings, levels, seed: 0 });
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw new ConfigError('the file of the model has no settings of a backbone: it is damaged');
  }
}

function single(shape: Sides | Sides[]): Sides {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as Sides;
}
