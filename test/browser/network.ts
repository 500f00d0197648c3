import * as tf from '@tensorflow/tfjs';
import type { BackboneArch } from '../../index.js';
import {
  type BackboneGolden,
  compareRecord,
  recordedShape,
  type TensorRecord,
  tolerance,
} from '../backbones/compareRecord.js';
import { formulaImage } from '../backbones/formula.js';
import { loadFormulaWeights } from '../backbones/loadFormulaWeights.js';
import { wholeNetwork } from '../backbones/wholeNetwork.js';

/** How near a network came to its record. */
export interface NetworkFigures {
  /** Compared tensors: every recorded map and the logits, at every size. */
  readonly tensors: number;
  /** Largest difference of a figure as a share of its tolerance: at most 1 is a pass. */
  readonly worst: number;
  /** Where it was. */
  readonly where: string;
  /** Largest difference as a share of the tensor's spread. */
  readonly spread: number;
  /** Milliseconds of the last size's second pass, values read. */
  readonly milliseconds: number;
  /** Tensors alive after the network was disposed that were not before. */
  readonly leaked: number;
}

/** @param sizes positions of the recorded image sizes that are compared */
export async function runNetwork(
  name: string,
  golden: BackboneGolden,
  sizes: readonly number[],
): Promise<NetworkFigures> {
  const before = tf.memory().numTensors;
  const network = wholeNetwork(name as BackboneArch);
  loadFormulaWeights(network, golden.gain);
  let figures = { tensors: 0, worst: 0, where: '', spread: 0, milliseconds: 0 };
  const add = async (actual: tf.Tensor, record: TensorRecord, where: string): Promise<void> => {
    if (actual.shape.join() !== recordedShape(record, 'NCHW').join()) throw new Error(`${where} is [${actual.shape}]`);
    for (const { what, found, expected } of compareRecord((await actual.data()) as Float32Array, record, 'NCHW')) {
      const difference = Math.abs(found - expected);
      const share = Number.isFinite(difference) ? difference / tolerance(record) : Number.POSITIVE_INFINITY;
      if (share > figures.worst) figures = { ...figures, worst: share, where: `${where}: ${what}` };
      figures = { ...figures, spread: Math.max(figures.spread, difference / record.std) };
    }
    figures = { ...figures, tensors: figures.tensors + 1 };
  };
  for (const { size, logits, maps } of golden.cases.filter((_, i) => sizes.includes(i))) {
    const [height, width] = size;
    const images = tf.tensor4d(formulaImage(height, width), [1, height, width, 3]);
    const run = tf.tidy(() => {
      const result = network.run(images);
      return { logits: result.logits, maps: maps.map(({ tap }) => tf.clone(result.maps.get(tap) as tf.Tensor4D)) };
    });
    await add(run.logits, logits, `logits of ${size}`);
    for (const [i, map] of maps.entries()) await add(run.maps[i] as tf.Tensor, map, `${map.tap} of ${size}`);
    const start = performance.now();
    const again = tf.tidy(() => network.run(images).logits);
    await again.data();
    figures = { ...figures, milliseconds: performance.now() - start };
    tf.dispose([images, again, run.logits, ...run.maps]);
  }
  network.dispose();
  return { ...figures, leaked: tf.memory().numTensors - before };
}
