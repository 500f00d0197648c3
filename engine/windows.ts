import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, paddingsOf, pairOf } from './kernelAttributes.js';

type Shape = readonly number[];
type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];

/** Four axes of a shape, zeros where it has fewer: [N, H, W, C], or [height, width, in, out] of a filter. */
export const fourAxes = ([a = 0, b = 0, c = 0, d = 0]: Shape): [number, number, number, number] => [a, b, c, d];

/** How the windows of a convolution lie; `depthwise`: each channel has filters of its own. */
export const convolutionInfo = (
  x: Shape,
  filter: Shape,
  attributes: Attributes,
  depthwise = false,
): tf.backend_util.Conv2DInfo =>
  tf.backend_util.computeConv2DInfo(
    fourAxes(x),
    fourAxes(filter),
    pairOf(attributes, 'strides'),
    pairOf(attributes, 'dilations', 1),
    padOf(attributes),
    roundingOf(attributes),
    depthwise,
    attributes.dataFormat === 'NCHW' ? 'channelsFirst' : 'channelsLast',
  );

/** How the windows of a pooling lie. */
export const poolingInfo = (x: Shape, attributes: Attributes): tf.backend_util.Conv2DInfo =>
  tf.backend_util.computePool2DInfo(
    fourAxes(x),
    pairOf(attributes, 'filterSize'),
    pairOf(attributes, 'strides'),
    1,
    padOf(attributes),
    roundingOf(attributes),
  );

function padOf({ pad }: Attributes): Pad {
  if (pad === 'same' || pad === 'valid' || typeof pad === 'number') return pad;
  const none: [number, number] = [0, 0];
  const [images = none, rows = none, columns = none, channels = none] = paddingsOf({ pad }, 'pad');
  return [images, rows, columns, channels];
}

const roundingOf = ({ dimRoundingMode: way }: Attributes): 'floor' | 'round' | 'ceil' | undefined =>
  way === 'floor' || way === 'round' || way === 'ceil' ? way : undefined;
