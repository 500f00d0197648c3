import { IMAGENET, type Preprocessing } from '../../backbones/backbone.js';
import { valueAt } from '../../engine/checked.js';
import { WeightsError } from '../../engine/errors.js';
import type { LazyTensor, WeightsFile } from '../../weights/weightsFile.js';

/** Statistics of a `Normalization` layer: `normalization/mean`, or `normalization_3/mean` of a later one. */
const MEAN = /^(normalization(?:_\d+)?)\/mean$/;
/** Channels of an image, of which the layer has a value each; or one for all of them. */
const CHANNELS = 3;
/** What Keras's ImageNet weights hold: its spreads stand in for variances, and a layer behind makes up for it. */
const IMAGENET_LAYER = { mean: [0.485, 0.456, 0.406], variance: [0.229, 0.224, 0.225] };
const TOLERANCE = 1e-4;
/** Keras divides by no less. */
const SMALLEST_SPREAD = 1e-7;

/**
 * How a file's own `Normalization` layer, behind a division by 255, prepares an image; null without one.
 *
 * @throws WeightsError when there are several such layers, one for other than RGB images, or rescaling behind it
 * @source keras/applications/efficientnet.py
 */
export function normalizationOf({ tensors, metadata }: WeightsFile): Preprocessing | null {
  const layers = normalizationLayers(tensors);
  const [layer] = layers;
  if (layer === undefined) return null;
  if (layers.length > 1) throw unclear(`${layers.length} normalization layers (${layers.join(', ')})`);
  const mean = perChannel(layer, 'mean', tensors.get(`${layer}/mean`));
  const variance = perChannel(layer, 'variance', tensors.get(`${layer}/variance`));
  if (near(mean, IMAGENET_LAYER.mean) && near(variance, IMAGENET_LAYER.variance)) return IMAGENET;
  if (Number(metadata.rescalings ?? 1) > 1) throw unclear(`a layer '${layer}' of its own and several rescaling layers`);
  return {
    channels: 'RGB',
    mean: mean.map((value) => 255 * value),
    std: variance.map((value) => 255 * Math.max(SMALLEST_SPREAD, Math.sqrt(value))),
  };
}

/** Names of the `Normalization` layers that a file holds. */
export function normalizationLayers(tensors: WeightsFile['tensors']): readonly string[] {
  return [...tensors.keys()].flatMap((name) => MEAN.exec(name)?.[1] ?? []);
}

/** What cannot be told from the weights, and the way out. */
export function unclear(found: string): WeightsError {
  return new WeightsError(
    `the file has ${found}, and its weights do not say how images reach them: take off what prepares the images in Keras, or say --preparation own (\`preparation: 'own'\`) if they were prepared as this network's are`,
  );
}

function perChannel(layer: string, variable: string, tensor: LazyTensor | undefined): readonly number[] {
  const values = tensor ? Array.from(tensor.read().data, Number) : [];
  const isUsable = values.every((value) => Number.isFinite(value) && (variable === 'mean' || value >= 0));
  if (isUsable && values.length === CHANNELS) return values;
  if (isUsable && values.length === 1) return Array.from({ length: CHANNELS }, () => valueAt(values, 0));
  throw new WeightsError(
    `'${layer}/${variable}' is [${values.slice(0, 4)}${values.length > 4 ? ', ...' : ''}]: expected a number for each of ${CHANNELS} channels`,
  );
}

const near = (values: readonly number[], expected: readonly number[]): boolean =>
  values.every((value, i) => Math.abs(value - (expected[i] ?? 0)) < TOLERANCE);
