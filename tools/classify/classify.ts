import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { type BackboneArch, type Classifier, createClassifier, isBackboneArch } from '../../backbones/index.js';
import { concurrently } from '../../datasets/concurrently.js';
import { type DecodeImageOptions, decodeImage } from '../../datasets/decode/index.js';
import type { RgbPixels } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { ConfigError } from '../../engine/errors.js';
import { isWeightsName, weightsEntry } from '../../pretrained/catalogue.js';
import { loadWeights } from '../../pretrained/files/loadWeights.js';
import type { PullOptions } from '../../pretrained/files/pull.js';
import { IMAGENET_CLASSES } from '../../pretrained/imagenetClasses.js';
import { findReleased, networkOf, type ReleasedWeights } from '../../pretrained/index.js';
import { type LoadedWeights, loadFile } from '../../pretrained/load.js';
import { classNamesOf, inputPixelsOf } from '../../pretrained/metadata.js';
import { checkComplete } from '../../pretrained/stateDict.js';
import { withWeights } from '../../weights/fileSource.js';
import type { WeightsFile } from '../../weights/weightsFile.js';
import { centreCrop, resizeBicubic } from './bicubic.js';

export interface Guess {
  readonly label: string;
  readonly probability: number;
}

/** Images decoded at the same time. */
const AT_ONCE = 4;

/** Best guess first. */
export interface Classification {
  readonly image: string;
  readonly top: readonly Guess[];
}

/**
 * Classifies images: shorter side to the network's input, bicubic, centre crop; normalised as the weights expect it.
 *
 * @param weights a name of the catalogue or of a published checkpoint, or a file that `convertFile` wrote
 * @param top     how many guesses per image
 * @throws ConfigError when a file does not say which classifier it is for
 */
export async function classifyImages(
  weights: string,
  files: readonly string[],
  options: PullOptions & Pick<DecodeImageOptions, 'onNote'> & { readonly top: number },
): Promise<readonly Classification[]> {
  const { network, classes, inputPixels, crop } = await openClassifier(weights, options);
  try {
    // As squares of the network's size all fit into memory, and a file that cannot be read is named before the rest.
    const squares = await concurrently(files, AT_ONCE, async (file) =>
      squareOf(await decodeImage(file, options), inputPixels, crop),
    );
    const results: Classification[] = [];
    for (const [index, square] of squares.entries()) {
      const probabilities = await classify(network, square);
      results.push({ image: valueAt(files, index), top: best(probabilities, classes, options.top) });
    }
    return results;
  } finally {
    network.dispose();
  }
}

/** What has to be known of a classifier before it is built. */
interface ClassifierFacts {
  readonly arch: BackboneArch;
  /** Names by class index; '': none. */
  readonly classes: readonly string[];
  readonly inputPixels?: number | null | undefined;
  /** Share of the image's shorter side that the input shows. Defaults to 1. */
  readonly crop?: number | undefined;
}

interface NamedClassifier extends Required<Pick<ClassifierFacts, 'classes'>> {
  readonly network: Classifier;
  readonly inputPixels: number;
  readonly crop: number;
}

/** @throws ConfigError when the weights are of no classifier of the library, or do not say of which */
async function openClassifier(weights: string, options: PullOptions): Promise<NamedClassifier> {
  if (isWeightsName(weights)) return filled(weightsEntry(weights), (network) => loadWeights(network, weights, options));
  const entry = existsSync(weights) ? undefined : findReleased(weights);
  if (entry) return filled(factsOf(entry), (network) => loadWeights(network, entry.name, options));
  return withWeights(weights, (file) =>
    filled(fileFacts(weights, file), (network) => loadFile(network, file, weights)),
  );
}

/** Builds the classifier and fills all of it. */
async function filled(
  { arch, classes, inputPixels, crop = 1 }: ClassifierFacts,
  load: (network: Classifier) => LoadedWeights | Promise<LoadedWeights>,
): Promise<NamedClassifier> {
  const network = createClassifier({ arch, classes: classes.length, frozen: 'all', seed: 1 });
  try {
    const { missing, reshaped } = await load(network);
    checkComplete({ missing, reshaped, unexpected: [] });
    return { network, classes, inputPixels: inputPixels ?? network.inputPixels, crop };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** @throws ConfigError for a checkpoint of a network that the library does not have */
function factsOf(entry: ReleasedWeights): ClassifierFacts {
  const found = networkOf(entry);
  if (!found || !('backbone' in found) || entry.classes === null) {
    throw new ConfigError(`${entry.name} is for ${entry.arch}, which is no classifier of this library`);
  }
  const { classes: count, evaluation } = entry;
  const classes = count === IMAGENET_CLASSES.length ? IMAGENET_CLASSES : Array.from({ length: count }, () => '');
  return { arch: found.backbone, classes, inputPixels: evaluation?.pixels, crop: evaluation?.crop };
}

/** @throws ConfigError when the file does not say of which classifier it is */
function fileFacts(path: string, { metadata }: WeightsFile): ClassifierFacts {
  const { architecture = '' } = metadata;
  if (!isBackboneArch(architecture)) {
    const found =
      architecture === '' ? 'it does not say of what' : `they are of ${architecture}, which is no classifier`;
    throw new ConfigError(
      `${path} cannot name images: ${found}; classifiers are written by 'espalier weights convert'`,
    );
  }
  const classes = classNamesOf(metadata) ?? IMAGENET_CLASSES;
  return { arch: architecture, classes, inputPixels: inputPixelsOf(metadata) };
}

/** The centre of the image, `side` pixels wide and high: `crop` of its shorter side. */
export function squareOf(image: RgbPixels, side: number, crop = 1): RgbPixels {
  const scale = Math.floor(side / crop) / Math.min(image.width, image.height);
  const width = Math.max(side, Math.round(image.width * scale));
  const height = Math.max(side, Math.round(image.height * scale));
  return centreCrop(resizeBicubic(image, width, height), side);
}

/** The `top` most probable classes. */
export function best(probabilities: Float32Array, classes: readonly string[], top: number): readonly Guess[] {
  const order = Array.from(probabilities, (_, index) => index).sort(
    (a, b) => valueAt(probabilities, b) - valueAt(probabilities, a),
  );
  return order
    .slice(0, top)
    .map((index) => ({ label: classes[index] || String(index), probability: valueAt(probabilities, index) }));
}

async function classify(classifier: Classifier, { data, width, height }: RgbPixels): Promise<Float32Array> {
  const { mean, std } = classifier.preprocessing;
  const probabilities = tf.tidy(() => {
    const pixels = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
    const images = tf.div<tf.Tensor4D>(tf.sub(pixels, tf.tensor1d([...mean])), tf.tensor1d([...std]));
    return tf.softmax(classifier.forward(images, { training: false }));
  });
  try {
    return await probabilities.data<'float32'>();
  } finally {
    probabilities.dispose();
  }
}
