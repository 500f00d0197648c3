import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { type Classifier, createClassifier, isBackboneArch } from '../../backbones/index.js';
import { concurrently } from '../../datasets/concurrently.js';
import { type DecodeImageOptions, decodeImage } from '../../datasets/decode/index.js';
import type { Pixels } from '../../datasets/sample.js';
import { ConfigError } from '../../engine/errors.js';
import { isWeightsName, weightsEntry } from '../../pretrained/catalogue.js';
import { loadWeights } from '../../pretrained/files/loadWeights.js';
import { loadPretrained } from '../../pretrained/files/pretrained.js';
import type { PullOptions } from '../../pretrained/files/pull.js';
import { pullReleased } from '../../pretrained/files/pullReleased.js';
import { IMAGENET_CLASSES } from '../../pretrained/imagenetClasses.js';
import { findReleased, networkOf, type ReleasedWeights, sayTenths } from '../../pretrained/index.js';
import { classNamesOf, inputPixelsOf, preprocessingOf } from '../../pretrained/metadata.js';
import { loadStateDict } from '../../pretrained/stateDict.js';
import { withWeights } from '../../weights/fileSource.js';
import { readAll, type WeightsFile } from '../../weights/weightsFile.js';
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
  const released = isWeightsName(weights) || existsSync(weights) ? undefined : findReleased(weights);
  const { network, classes, inputPixels, crop } = await (isWeightsName(weights)
    ? fromCatalogue(weights, options)
    : released
      ? fromRelease(released, options)
      : withWeights(weights, (file) => fromFile(weights, file)));
  try {
    // As squares of the network's size all fit into memory, and a file that cannot be read is named before the rest.
    const squares = await concurrently(files, AT_ONCE, async (file) =>
      squareOf(await decodeImage(file, options), inputPixels, crop),
    );
    const results: Classification[] = [];
    for (const [index, square] of squares.entries()) {
      const probabilities = await classify(network, square);
      results.push({ image: files[index] as string, top: best(probabilities, classes, options.top) });
    }
    return results;
  } finally {
    network.dispose();
  }
}

interface NamedClassifier {
  readonly network: Classifier;
  /** Names by class index. */
  readonly classes: readonly string[];
  readonly inputPixels: number;
  /** Share of the image's shorter side that the input shows. Defaults to 1. */
  readonly crop?: number;
}

/** @throws ConfigError for a checkpoint of a network that the library does not have */
async function fromRelease(entry: ReleasedWeights, options: PullOptions): Promise<NamedClassifier> {
  const found = networkOf(entry);
  if (!found || !('backbone' in found) || entry.classes === null) {
    throw new ConfigError(`${entry.name} is for ${entry.arch}, which is no classifier of this library`);
  }
  const { onProgress } = options;
  const onBytes = onProgress ? { onBytes: sayTenths(entry.name, onProgress) } : {};
  const path = await pullReleased(entry, { offline: options.offline, ...onBytes });
  const { classes: count, preprocessing, evaluation } = entry;
  const own = preprocessing ? { preprocessing } : {};
  const network = createClassifier({ arch: found.backbone, classes: count, frozen: 'all', ...own });
  try {
    await loadWeights(network, path);
    const classes = count === IMAGENET_CLASSES.length ? IMAGENET_CLASSES : [];
    return { network, classes, inputPixels: evaluation?.pixels ?? network.inputPixels, crop: evaluation?.crop ?? 1 };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

async function fromCatalogue(name: string, options: PullOptions): Promise<NamedClassifier> {
  const { arch, classes, inputPixels, preprocessing } = weightsEntry(name);
  const network = createClassifier({ arch, classes: classes.length, frozen: 'all', preprocessing, seed: 1 });
  try {
    await loadPretrained(network, name, options);
    return { network, classes, inputPixels };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

function fromFile(path: string, file: WeightsFile): NamedClassifier {
  const { architecture = '' } = file.metadata;
  if (!isBackboneArch(architecture)) {
    const found =
      architecture === '' ? 'it does not say of what' : `they are of ${architecture}, which is no classifier`;
    throw new ConfigError(
      `${path} cannot name images: ${found}; classifiers are written by 'espalier weights convert'`,
    );
  }
  const classes = classNamesOf(file.metadata) ?? IMAGENET_CLASSES;
  const preprocessing = preprocessingOf(file.metadata);
  const own = preprocessing ? { preprocessing } : {};
  const network = createClassifier({ arch: architecture, classes: classes.length, frozen: 'all', ...own, seed: 1 });
  try {
    loadStateDict(network, readAll(file), { partial: false });
    return { network, classes, inputPixels: inputPixelsOf(file.metadata) ?? network.inputPixels };
  } catch (error) {
    network.dispose();
    throw error;
  }
}

/** The centre of the image, `side` pixels wide and high: `crop` of its shorter side. */
export function squareOf(image: Pixels, side: number, crop = 1): Pixels {
  const scale = Math.floor(side / crop) / Math.min(image.width, image.height);
  const width = Math.max(side, Math.round(image.width * scale));
  const height = Math.max(side, Math.round(image.height * scale));
  return centreCrop(resizeBicubic(image, width, height), side);
}

/** The `top` most probable classes. */
export function best(probabilities: Float32Array, classes: readonly string[], top: number): readonly Guess[] {
  const order = Array.from(probabilities, (_, index) => index).sort((a, b) => probabilities[b]! - probabilities[a]!);
  return order
    .slice(0, top)
    .map((index) => ({ label: classes[index] ?? String(index), probability: probabilities[index]! }));
}

async function classify(classifier: Classifier, { data, width, height }: Pixels): Promise<Float32Array> {
  const { mean, std } = classifier.preprocessing;
  const probabilities = tf.tidy(() => {
    const pixels = tf.tensor4d(Float32Array.from(data), [1, height, width, 3]);
    const images = tf.div<tf.Tensor4D>(tf.sub(pixels, tf.tensor1d([...mean])), tf.tensor1d([...std]));
    return tf.softmax(classifier.forward(images, { training: false }));
  });
  try {
    return (await probabilities.data<'float32'>()) as Float32Array;
  } finally {
    probabilities.dispose();
  }
}
