import * as tf from '@tensorflow/tfjs';
import { weightsEntry } from '../../backbones/catalogue/catalogue.js';
import { loadPretrained } from '../../backbones/catalogue/pretrained.js';
import type { PullOptions } from '../../backbones/catalogue/pull.js';
import { type Classifier, createClassifier } from '../../backbones/index.js';
import { decodeImage } from '../../datasets/decode/index.js';
import type { Pixels } from '../../datasets/sample.js';
import { centreCrop, resizeBicubic } from './bicubic.js';

export interface Guess {
  readonly label: string;
  readonly probability: number;
}

/** Best guess first. */
export interface Classification {
  readonly image: string;
  readonly top: readonly Guess[];
}

/**
 * Classifies images with weights of the catalogue: shorter side to the network's input, bicubic, centre crop.
 *
 * @param top how many guesses per image
 */
export async function classifyImages(
  name: string,
  files: readonly string[],
  options: PullOptions & { readonly top: number },
): Promise<readonly Classification[]> {
  const entry = weightsEntry(name);
  const { arch, classes, inputPixels } = entry;
  const images = await Promise.all(files.map((file) => decodeImage(file)));
  const classifier = createClassifier({ arch, classes: classes.length, frozen: 'all', seed: 1 });
  try {
    await loadPretrained(classifier, name, options);
    const results: Classification[] = [];
    for (const [index, image] of images.entries()) {
      const probabilities = await classify(classifier, squareOf(image, inputPixels));
      results.push({ image: files[index] as string, top: best(probabilities, classes, options.top) });
    }
    return results;
  } finally {
    classifier.dispose();
  }
}

/** The centre of the image, `side` pixels wide and high. */
export function squareOf(image: Pixels, side: number): Pixels {
  const scale = side / Math.min(image.width, image.height);
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
