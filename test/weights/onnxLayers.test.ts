import { describe, expect, it } from 'vitest';
import { layersOf, modulePath, type OnnxNode } from '../../weights/onnxLayers.js';
import { heldTensor } from '../../weights/weightsFile.js';

const held = (...shape: readonly number[]) => heldTensor({ dtype: 'F32', shape, data: new Float32Array(1) });
const node = (
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
  name = '',
): OnnxNode => ({ operator, inputs, outputs: [output], name, attributes: new Map(Object.entries(attributes)) });

describe('the layers of an ONNX graph', () => {
  const tensors = new Map([
    ['w', held(4, 3, 3, 3)],
    ['b', held(4)],
    ['depth', held(4, 1, 3, 3)],
    ['fc', held(4, 2)],
    ['turned', held(2, 4)],
  ]);

  it('are convolutions and products with stored weights, in the order of computing', () => {
    const layers = layersOf(
      [
        node('Conv', ['x', 'w', 'b'], 'y', { group: 1 }, '/stem/conv/Conv'),
        node('Relu', ['y'], 'r'),
        node('Conv', ['r', 'depth'], 'd', { group: 4 }),
        node('MatMul', ['d', 'r'], 'attention'),
        node('MatMul', ['d', 'fc'], 'm'),
        node('Add', ['b', 'm'], 'a'),
        node('Gemm', ['a', 'turned', 'b'], 'g', { transB: 1 }),
      ],
      tensors,
    );
    expect(layers.map(({ kind, weight, bias, axes, path }) => [kind, weight, bias, axes, path])).toEqual([
      ['convolution', 'w', 'b', 'pytorch', 'stem.conv'],
      ['depthwise', 'depth', null, 'pytorch', null],
      ['dense', 'fc', 'b', 'product', null],
      ['dense', 'turned', 'b', 'pytorch', null],
    ]);
  });

  it('find a tensor that is stored once for several layers', () => {
    const [layer] = layersOf([node('Identity', ['b'], 'same'), node('Conv', ['x', 'w', 'same'], 'y')], tensors);
    expect(layer?.bias).toBe('b');
  });

  it.each([
    ['/conv_stem/Conv', 'conv_stem'],
    ['/blocks/blocks.0/blocks.0.0/conv_dw/Conv', 'blocks.0.0.conv_dw'],
    ['/layer1/layer1.0/downsample/downsample.0/Conv', 'layer1.0.downsample.0'],
    ['/blocks/blocks.1/blocks.1.0/se/conv_reduce/Conv', 'blocks.1.0.se.conv_reduce'],
    ['node_Conv_865', null],
    ['', null],
  ])("'%s' was exported from %s", (name, path) => expect(modulePath(name)).toBe(path));
});
