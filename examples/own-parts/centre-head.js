/**
 * A head of one's own, which no table of the library names: every object is the cell in which its middle lies.
 * In a config: `head: { module: ./centre-head.js, width: 48 }`.
 */
import * as tf from '@tensorflow/tfjs';
import { convolution, createParameters, defineHead, focalLoss, giouLoss, mapSize, quotient, TASKS } from 'espalier';
import * as z from 'zod';

const LEVEL = 'P3';
const FOCAL = { alpha: 0.5, gamma: 2, labelSmoothing: 0 };

const config = z.strictObject({
  width: z.int().min(1).max(512).default(32).describe('Channels between the map and the predictions'),
  threshold: z.number().min(0).max(1).default(0.05).describe('Lowest score that is kept'),
  most: z.int().min(1).max(1000).default(100).describe('Objects of an image at most'),
});

function createCentreHead({ width, threshold, most, seed = 1 }, features, classes) {
  const owner = createParameters(seed);
  const layer = (path, inChannels, outChannels) =>
    convolution(owner, path, { kernel: 3, stride: 1, padding: 'same', bias: true, inChannels, outChannels });
  const { channels, stride } = features[LEVEL];
  const [tower, heat, sides] = [
    layer('tower', channels, width),
    layer('heat', width, classes),
    layer('sides', width, 4),
  ];
  return {
    inputs: features,
    parameters: owner.parameters,
    dispose: owner.dispose,
    forward: (maps, pass) => {
      const map = tf.relu(tower(maps[LEVEL], pass));
      return { heat: tf.sub(heat(map, pass), 3), sides: tf.softplus(sides(map, pass)) }; // -3: most cells are empty
    },
    loss: (raw, targets) => {
      const found = tf.max(targets.heat, -1);
      const count = tf.sum(found);
      const boxes = tf.mul(giouLoss(raw.sides, targets.sides), found);
      return {
        class: quotient(tf.sum(focalLoss(raw.heat, targets.heat, FOCAL)), count, { least: 1 }),
        box: quotient(tf.sum(boxes), count, { least: 1 }),
      };
    },
    decode: async (raw, placements) => {
      const { shape } = raw.heat;
      const peaks = tf.tidy(() =>
        tf.where(tf.equal(tf.maxPool(raw.heat, 3, 1, 'same'), raw.heat), tf.sigmoid(raw.heat), 0),
      );
      const [scores, sides] = await Promise.all([peaks.data(), raw.sides.data()]);
      peaks.dispose();
      return placements.map((placement, image) =>
        objectsOf(scores, sides, { shape, image, placement, stride, threshold, most }),
      );
    },
  };
}

/** The peaks of an image, best first, in pixels of the original. */
function objectsOf(scores, sides, { shape: [, rows, columns, classes], image, placement, stride, threshold, most }) {
  const first = image * rows * columns * classes;
  const cells = Array.from({ length: rows * columns * classes }, (_, i) => first + i)
    .filter((i) => scores[i] >= threshold)
    .sort((a, b) => scores[b] - scores[a])
    .slice(0, most);
  const clamp = (value, most) => Math.min(most, Math.max(0, value));
  return {
    boxes: Float32Array.from(
      cells.flatMap((i) => {
        const cell = Math.floor(i / classes);
        const [x, y] = [(cell % columns) + 0.5, (Math.floor(cell / columns) % rows) + 0.5];
        const [left, top, right, bottom] = sides.subarray(cell * 4, cell * 4 + 4);
        const { scaleX, scaleY, offsetX, offsetY, width, height } = placement;
        const [x1, x2] = [x - left, x + right].map((at) => clamp((at * stride - offsetX) / scaleX, width));
        const [y1, y2] = [y - top, y + bottom].map((at) => clamp((at * stride - offsetY) / scaleY, height));
        return [x1, y1, x2, y2];
      }),
    ),
    labels: Int32Array.from(cells, (i) => i % classes),
    scores: Float32Array.from(cells, (i) => scores[i]),
  };
}

export default defineHead({
  task: TASKS.detection,
  config,
  encoder: () => new URL('./centre-encoder.js', import.meta.url),
  levels: () => [LEVEL],
  defaults: () => ({ inputSize: [256, 256], neck: { kind: 'none' }, head: {} }),
  limits: ({ most }) => ({ maxDetections: most }),
  create: (settings, features, { classes, inputSize }) => {
    const [rows, columns] = mapSize(features[LEVEL], ...inputSize);
    return {
      head: createCentreHead(settings, features, classes),
      encoderConfig: { rows, columns, stride: features[LEVEL].stride, classes },
    };
  },
});
