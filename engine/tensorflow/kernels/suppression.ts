import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../checked.js';
import { numberOf } from '../../kernelAttributes.js';
import { attr, FLOAT, input, type Twin } from './twin.js';

/** Classes lie on a square grid of so many columns, which loses fewer digits of the coordinates than a line. */
const COLUMNS = 16;
/** Sides are cut here, so that one absurd box does not cost the others their digits; pixels. */
const FARTHEST = 16384;

/**
 * One op for each image. It knows no classes, so boxes of each class are moved to a place of their own; coordinates keep
 * about 2 ** -10 pixels on images of 512.
 */
export const suppression: Twin = (ops, inputs, attributes) =>
  tf.tidy(() => {
    const boxes = tf.clipByValue(input(inputs, 'boxes'), -FARTHEST, FARTHEST);
    const [scores, labels] = [input(inputs, 'scores'), input(inputs, 'labels')];
    const span = tf.add(tf.sub(tf.max(boxes), tf.min(boxes)), 1);
    const classes = tf.cast(labels, 'float32');
    const row = tf.floor(tf.div(classes, COLUMNS));
    const column = tf.sub(classes, tf.mul(row, COLUMNS));
    const moved = tf.add(boxes, tf.mul(tf.stack([column, row, column, row], 2), span));
    const soft = attributes.mode === 'soft';
    const width = numberOf(attributes, 'width');
    const limits = [
      tf.scalar(numberOf(attributes, 'limit'), 'int32'),
      tf.scalar(soft ? 1 : width),
      tf.scalar(numberOf(attributes, 'minimumScore')),
    ];
    const sigma = tf.scalar(soft ? width / 2 : 0); // the op's Gaussian is exp(-iou ** 2 / (2 sigma))
    const items = tf.unstack(scores).map((itemScores, item) => {
      const itemBoxes = tf.reshape(tf.slice(moved, [item], [1]), [-1, 4]);
      const attrs = [FLOAT, attr.bool('pad_to_max_output_size', true)];
      const tensors = [itemBoxes, itemScores, ...limits, sigma];
      return ops.executeMultipleOutputs('NonMaxSuppressionV5', attrs, tensors, 3);
    });
    return [0, 1].map((output) => tf.stack(items.map((outputs) => valueAt(outputs, output))));
  });
