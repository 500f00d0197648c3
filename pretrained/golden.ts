import * as tf from '@tensorflow/tfjs';
import { formulaImage } from '../backbones/formula.js';
import type { Classifier } from '../backbones/index.js';
import type { Module, Pass } from '../backbones/module.js';
import { valueAt } from '../engine/checked.js';

/** What a network answers to a picture made of a formula: the same bits everywhere, so that no file has to travel. */
export interface GoldenForward {
  /** Height and width of the picture. */
  readonly pixels: number;
  /** Classes whose logits are listed. */
  readonly index: readonly number[];
  readonly value: readonly number[];
  /** Spread of all logits. */
  readonly std: number;
}

/** A network that weights are for, with all that it answers as one tensor. */
export interface GoldenNetwork extends Module, Pick<Classifier, 'preprocessing' | 'inputPixels'> {
  forward(images: tf.Tensor4D, pass: Pass): tf.Tensor;
}

const LISTED = 8;
export const GOLDEN_PIXELS = 96;
/** Share of the logits' spread: engines differ by 1e-5 of it, a wrong padding or epsilon by more than 1e-2. */
export const GOLDEN_TOLERANCE = 1e-3;

/** Logits of the formula's picture, as they are kept beside the weights. */
export async function goldenForward(network: GoldenNetwork, pixels = GOLDEN_PIXELS): Promise<GoldenForward> {
  const logits = await formulaLogits(network, pixels);
  const index = Array.from({ length: LISTED }, (_, i) => Math.floor((i * (logits.length - 1)) / (LISTED - 1)));
  return { pixels, index, value: index.map((i) => round(valueAt(logits, i))), std: round(spread(logits)) };
}

/** Largest difference to a golden, as a share of its spread. */
export async function goldenDifference(network: GoldenNetwork, golden: GoldenForward): Promise<number> {
  const logits = await formulaLogits(network, golden.pixels);
  const differences = golden.index.map((at, i) =>
    Math.abs((logits[at] ?? Number.NaN) - (golden.value[i] ?? Number.NaN)),
  );
  return Math.max(...differences) / golden.std;
}

async function formulaLogits(network: GoldenNetwork, pixels: number): Promise<Float32Array> {
  const logits = tf.tidy(() => {
    const image = tf.tensor4d(formulaImage(pixels, pixels), [1, pixels, pixels, 3]);
    return network.forward(image, { training: false });
  });
  const values = await logits.data<'float32'>();
  logits.dispose();
  return values;
}

function spread(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function round(value: number): number {
  return Number(value.toPrecision(7));
}
