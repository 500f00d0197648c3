import * as tf from '@tensorflow/tfjs';

/** Cells of its level by which coordinates relative to a place are divided. */
const REACH = 8;
/** Pixels by which coordinates of the grid are divided, so that they are small numbers. */
const UNIT = 64;

/** Numbers of a mask network of P prototypes: three layers of P, P and 1 channels on the prototypes and two coordinates. */
export const countKernel = (prototypes: number): number =>
  (prototypes + 2) * prototypes + prototypes * prototypes + prototypes + 2 * prototypes + 1;

/** Where the numbers of each layer lie: [from, length]. */
function partsOf(P: number) {
  const lengths = { first: (P + 2) * P, second: P * P, third: P, firstBias: P, secondBias: P, thirdBias: 1 };
  let from = 0;
  const parts = Object.entries(lengths).map(([name, length]) => {
    from += length;
    return [name, [from - length, length] as const] as const;
  });
  return Object.fromEntries(parts) as {
    readonly [Name in keyof typeof lengths]: readonly [from: number, length: number];
  };
}

/**
 * Masks of places, each by the network that it predicted: three 1x1 convolutions on the prototypes and on the coordinates relative
 * to the place, in units of eight cells of its level. The first layers of all places are one product.
 *
 * @param prototypes [N, h, w, P]
 * @param kernels    [N, T, countKernel(P)]
 * @param places     [N, T, 3] x, y, pixels per cell
 * @param stride     input pixels between prototypes
 * @returns          [N, T, h * w] logits
 * @source Tian et al. 2020, arXiv:2003.05664, section 3; Lyu et al. 2022, arXiv:2212.07784, section 3.4
 */
export function dynamicMasks(
  prototypes: tf.Tensor4D,
  kernels: tf.Tensor3D,
  places: tf.Tensor3D,
  stride: number,
): tf.Tensor3D {
  const [batch, height, width, P] = prototypes.shape;
  const count = kernels.shape[1];
  const parts = partsOf(P);
  const part = (name: keyof typeof parts, rows: number, columns: number): tf.Tensor4D =>
    tf.reshape(tf.slice(kernels, [0, 0, parts[name][0]], [batch, count, parts[name][1]]), [
      batch,
      count,
      rows,
      columns,
    ]);
  const first = part('first', P + 2, P);
  const onPrototypes = tf.slice(first, [0, 0, 0, 0], [batch, count, P, P]);
  const onCoordinates = tf.slice(first, [0, 0, P, 0], [batch, count, 2, P]);
  const [x, y, cell] = tf.split(places, 3, 2) as [tf.Tensor, tf.Tensor, tf.Tensor]; // [N, T, 1]
  // (place - grid) / (8 cells) is linear in the grid: its part of the place belongs to the bias
  const unit = tf.expandDims(tf.div(UNIT / REACH, cell), 3);
  const weights = tf.concat([onPrototypes, tf.neg(tf.mul(onCoordinates, unit))], 2);
  const offset = tf.expandDims(tf.div(tf.concat([x, y], 2), tf.mul(cell, REACH)), 3);
  const bias = tf.add(part('firstBias', 1, P), tf.sum(tf.mul(onCoordinates, offset), 2, true));
  const all = tf.reshape(tf.transpose(weights, [0, 2, 1, 3]), [batch, P + 2, count * P]);
  const pixels = height * width;
  const grid = tf.tile(tf.expandDims(gridOf(height, width, stride), 0), [batch, 1, 1]);
  const input = tf.concat([tf.reshape(prototypes, [batch, pixels, P]), grid], 2);
  const product = tf.reshape(tf.matMul(input, all), [batch, pixels, count, P]);
  const hidden = tf.relu(tf.add(tf.transpose(product, [0, 2, 1, 3]), bias));
  const second = tf.relu(tf.add(tf.matMul(hidden, part('second', P, P)), part('secondBias', 1, P)));
  const third = tf.add(tf.matMul(second, part('third', P, 1)), part('thirdBias', 1, 1));
  return tf.reshape(third, [batch, count, pixels]);
}

/** [h * w, 2] x and y of the prototypes' middles. */
function gridOf(height: number, width: number, stride: number): tf.Tensor2D {
  const values = new Float32Array(height * width * 2);
  for (let at = 0; at < height * width; at++) {
    values[at * 2] = (((at % width) + 0.5) * stride) / UNIT;
    values[at * 2 + 1] = ((Math.floor(at / width) + 0.5) * stride) / UNIT;
  }
  return tf.tensor2d(values, [height * width, 2]);
}

/** Prototypes of one image on the host. */
export interface HostPrototypes {
  /** [height, width, P]. */
  readonly values: Float32Array;
  readonly height: number;
  readonly width: number;
  /** Input pixels between them. */
  readonly stride: number;
}

/** The same of one place on the host: the logit at one prototype. */
export function hostMask(
  { values, height, width, stride }: HostPrototypes,
  kernel: Float32Array,
  [x, y, cell]: readonly [x: number, y: number, cell: number],
): (row: number, column: number) => number {
  const P = values.length / (height * width);
  const parts = partsOf(P);
  const [input, hidden] = [new Float64Array(P + 2), new Float64Array(P)];
  return (row, column) => {
    const from = (row * width + column) * P;
    for (let i = 0; i < P; i++) input[i] = values[from + i]!;
    input[P] = (x - (column + 0.5) * stride) / (REACH * cell);
    input[P + 1] = (y - (row + 0.5) * stride) / (REACH * cell);
    for (let j = 0; j < P; j++) {
      let sum = kernel[parts.firstBias[0] + j]!;
      for (let i = 0; i < P + 2; i++) sum += input[i]! * kernel[i * P + j]!;
      hidden[j] = Math.max(0, sum);
    }
    let logit = kernel[parts.thirdBias[0]]!;
    for (let j = 0; j < P; j++) {
      let sum = kernel[parts.secondBias[0] + j]!;
      for (let i = 0; i < P; i++) sum += hidden[i]! * kernel[parts.second[0] + i * P + j]!;
      logit += Math.max(0, sum) * kernel[parts.third[0] + j]!;
    }
    return logit;
  };
}
