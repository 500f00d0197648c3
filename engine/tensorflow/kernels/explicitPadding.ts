import * as tf from '@tensorflow/tfjs';
import { avgPool, avgPoolGrad } from '../../kernels/avgPool.js';
import { registerTwin, tensorKernel } from '../../kernels/kernel.js';
import { LOWEST, maxPool } from '../../kernels/maxPool.js';
import { fourAxes } from '../../windows.js';
import { input } from './twin.js';

type Shape4D = [number, number, number, number];
type Border = readonly [top: number, bottom: number, left: number, right: number];
type Tensors = { readonly [name: string]: tf.Tensor };

/** Attributes of the convolutions and poolings of tfjs, as far as they are used. */
interface Attributes {
  readonly strides: number | [number, number];
  readonly pad: 'same' | 'valid' | number | tf.backend_util.ExplicitPadding;
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dilations?: number | [number, number];
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
  readonly filterSize?: number | [number, number];
  readonly inputShape?: Shape4D;
  readonly filterShape?: Shape4D;
}

/** What a kernel does when its padding is given in pixels. */
type Padded = (inputs: Tensors, attributes: Attributes, border: Border) => tf.Tensor;

/**
 * Registers padding in pixels for the convolutions and poolings of plain tfjs, which this backend has only as `same` and
 * `valid`: the map is padded first.
 */
export function registerExplicitPadding(): void {
  for (const [kernelName, depthwise] of [
    ['Conv2D', false],
    ['FusedConv2D', false],
    ['DepthwiseConv2dNative', true],
    ['FusedDepthwiseConv2D', true],
  ] as const) {
    convolution(kernelName, depthwise, (inputs, attributes, border) =>
      run(kernelName, { ...inputs, x: padded(input(inputs, 'x'), border) }, attributes),
    );
  }
  for (const [prefix, depthwise] of [
    ['Conv2DBackprop', false],
    ['DepthwiseConv2dNativeBackprop', true],
  ] as const) {
    convolution(`${prefix}Input`, depthwise, (inputs, attributes, border) => {
      const shape = fourAxes(attributes.inputShape ?? []);
      const inputShape = grown(shape, border);
      return inner(run(`${prefix}Input`, inputs, { ...attributes, inputShape }), border, shape);
    });
    convolution(`${prefix}Filter`, depthwise, (inputs, attributes, border) =>
      run(`${prefix}Filter`, { x: padded(input(inputs, 'x'), border), dy: input(inputs, 'dy') }, attributes),
    );
  }
  pooling('MaxPool', ({ x }, attributes, border) => maxPool(x as tf.Tensor4D, ...windowOf(attributes), border));
  pooling('AvgPool', ({ x }, attributes, border) => avgPool(x as tf.Tensor4D, ...windowOf(attributes), border));
  pooling('AvgPoolGrad', (inputs, attributes, border) => {
    const [window, stride] = windowOf(attributes);
    const shape = input(inputs, 'input').shape;
    return avgPoolGrad(input(inputs, 'dy') as tf.Tensor4D, shape, { window, stride, padding: border });
  });
  pooling('MaxPoolGrad', (inputs, attributes, border) => {
    const map = input(inputs, 'input');
    const wide = { ...inputs, input: padded(map, border, LOWEST) };
    return inner(run('MaxPoolGrad', wide, attributes), border, map.shape);
  });
}

function convolution(kernelName: string, depthwise: boolean, compute: Padded): void {
  register(kernelName, compute, ({ x, filter }, attributes) =>
    tf.backend_util.computeConv2DInfo(
      fourAxes(x?.shape ?? attributes.inputShape ?? []),
      fourAxes(filter?.shape ?? attributes.filterShape ?? []),
      attributes.strides,
      attributes.dilations ?? 1,
      attributes.pad,
      attributes.dimRoundingMode,
      depthwise,
    ),
  );
}

function pooling(kernelName: string, compute: Padded): void {
  register(kernelName, compute, ({ x, input }, { filterSize, strides, pad, dimRoundingMode }) => {
    const shape = fourAxes((x ?? input)?.shape ?? []);
    return tf.backend_util.computePool2DInfo(shape, filterSize ?? 1, strides, 1, pad, dimRoundingMode);
  });
}

function register(
  kernelName: string,
  compute: Padded,
  infoOf: (inputs: Tensors, attributes: Attributes) => tf.backend_util.Conv2DInfo,
): void {
  const stock = tf.getKernel(kernelName, 'tensorflow').kernelFunc;
  const explicit = tensorKernel<Tensors, Attributes>((inputs, attributes) =>
    compute(inputs, { ...attributes, pad: 'valid' }, borderOf(infoOf(inputs, attributes))),
  );
  registerTwin(kernelName, 'tensorflow', (call) => {
    const { pad, dataFormat } = call.attrs as unknown as Attributes;
    return pad === 'same' || pad === 'valid' || dataFormat === 'NCHW' ? stock(call) : explicit(call);
  });
}

/** Padding that covers every window of the output, whichever way its size was rounded. */
function borderOf(info: tf.backend_util.Conv2DInfo): Border {
  const { top, left } = info.padInfo;
  const bottom = (info.outHeight - 1) * info.strideHeight + info.effectiveFilterHeight - info.inHeight - top;
  const right = (info.outWidth - 1) * info.strideWidth + info.effectiveFilterWidth - info.inWidth - left;
  return [top, Math.max(0, bottom), left, Math.max(0, right)];
}

function padded(x: tf.Tensor, [top, bottom, left, right]: Border, value = 0): tf.Tensor {
  const border: [number, number][] = [
    [0, 0],
    [top, bottom],
    [left, right],
    [0, 0],
  ];
  return tf.pad(x, border, value);
}

const grown = ([n, height, width, channels]: Shape4D, [top, bottom, left, right]: Border): Shape4D => [
  n,
  height + top + bottom,
  width + left + right,
  channels,
];

function inner(x: tf.Tensor, [top, , left]: Border, shape: readonly number[]): tf.Tensor {
  return tf.slice(x, [0, top, left, 0], [...shape]);
}

function windowOf({ filterSize = 1, strides }: Attributes): [window: [number, number], stride: [number, number]] {
  const pair = (size: number | [number, number]): [number, number] => (typeof size === 'number' ? [size, size] : size);
  return [pair(filterSize), pair(strides)];
}

function run(kernelName: string, inputs: Tensors, attributes: Attributes): tf.Tensor {
  return tf.engine().runKernel(kernelName, inputs, attributes as unknown as tf.NamedAttrMap);
}
