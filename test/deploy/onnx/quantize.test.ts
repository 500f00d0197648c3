import { describe, expect, it } from 'vitest';
import { exportInt8, exportOnnx } from '../../../deploy/exportOnnx.js';
import { traceNetwork } from '../../../deploy/network.js';
import type { OnnxModel } from '../../../deploy/onnx/model.js';
import { onnxOf } from '../../../deploy/onnx/onnx.js';
import { planQuantization, quantized } from '../../../deploy/onnx/quantize.js';
import { Histogram, type Range } from '../../../deploy/onnx/ranges.js';
import { createRandom } from '../../../engine/random.js';
import { hasOnnxRuntime, runOnnx, WITHOUT_RUNTIME } from '../onnxRuntime.js';
import { buildNetwork, describeAs, PIXELS, SIZE } from '../smallNetwork.js';

const random = createRandom([8]);
const normal = (count: number, scale: number): Float32Array =>
  Float32Array.from({ length: count }, () => random.normal() * scale);

describe('the range of a tensor', () => {
  it('holds every value and zero by minmax, in whatever order they come', () => {
    const histogram = new Histogram();
    for (const values of [[0.5, 2], [-3, 1], [100], [0.001]]) histogram.add(Float32Array.from(values));
    expect(histogram.range('minmax')).toEqual({ low: -3, high: 100 });
    const positive = new Histogram();
    positive.add(Float32Array.of(4, 6));
    expect(positive.range('minmax')).toEqual({ low: 0, high: 6 });
  });

  it('leaves out a far value by percentile, and not what is common', () => {
    const histogram = new Histogram();
    histogram.add(normal(200_000, 1));
    histogram.add(Float32Array.of(300));
    const { low, high } = histogram.range('percentile');
    expect(high).toBeLessThan(30);
    expect(high).toBeGreaterThan(2);
    expect(low).toBeLessThan(-0.05);
  });

  it('keeps what a relu6 gives, half of it zeros', () => {
    const histogram = new Histogram();
    histogram.add(normal(100_000, 2).map((value) => Math.min(6, Math.max(0, value))));
    expect(histogram.range('percentile')).toEqual({ low: 0, high: 6 });
  });

  it('of no values, zeros or numbers that are none is one all the same', () => {
    const empty = new Histogram();
    empty.add(new Float32Array(5));
    empty.add(Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY));
    for (const calibration of ['percentile', 'minmax'] as const) {
      const { low, high } = empty.range(calibration);
      expect(Number.isFinite(low)).toBe(true);
      expect(high).toBeGreaterThanOrEqual(low);
    }
  });
});

/** Two convolutions, a clip between them. */
const MODEL: OnnxModel = {
  nodes: [
    { operator: 'Conv', inputs: ['x', 'w1', 'b1'], outputs: ['c'], attributes: {} },
    { operator: 'Clip', inputs: ['c', 'zero', 'six'], outputs: ['r'], attributes: {} },
    { operator: 'Identity', inputs: ['r'], outputs: ['s'], attributes: {} },
    { operator: 'Conv', inputs: ['s', 'w2'], outputs: ['y'], attributes: {} },
  ],
  tensors: [
    { name: 'w1', type: 'float32', shape: [2, 1, 1, 1], values: Float32Array.of(0.5, -2) },
    { name: 'b1', type: 'float32', shape: [2], values: Float32Array.of(1, -1) },
    { name: 'w2', type: 'float32', shape: [1, 2, 1, 1], values: Float32Array.of(1, 1) },
    { name: 'zero', type: 'float32', shape: [], values: [0] },
    { name: 'six', type: 'float32', shape: [], values: [6] },
  ],
  inputs: [{ name: 'x', type: 'float32', shape: [1, 1, 2, 2] }],
  outputs: [{ name: 'y', type: 'float32', shape: [1, 1, 2, 2] }],
  metadata: {},
};

describe('a quantised model', () => {
  it('stores what convolutions read and give, after their clip, and neither pixels nor the last map', () => {
    const { activations, products } = planQuantization(MODEL);
    expect(activations.toSorted()).toEqual(['r', 's']);
    expect([...products]).toEqual(['c', 'y']);
  });

  it('has a scale per output channel of the weights, which are symmetric', () => {
    const ranges = new Map<string, Range>([
      ['r', { low: 0, high: 6 }],
      ['s', { low: -1, high: 4.1 }],
    ]);
    const { nodes, tensors } = quantized(MODEL, planQuantization(MODEL), ranges);
    const tensor = (name: string) => tensors.find((each) => each.name === name);
    expect(tensor('y_weight_coded')).toMatchObject({ type: 'int8', shape: [1, 2, 1, 1] });
    expect([...(tensor('y_weight_coded')?.values ?? [])]).toEqual([127, 127]);
    expect(tensor('s_scale')?.values[0]).toBeCloseTo(5.1 / 255, 6);
    expect(tensor('s_zero')?.values[0]).toBe(50);
    expect(tensor('r_zero')?.values[0]).toBe(0);
    expect(nodes.find(({ outputs }) => outputs[0] === 'y')?.inputs[0]).toBe('s_decoded');
    expect(tensor('w1')).toBeDefined(); // pixels are not stored in 8 bits, so this convolution is computed in floats
    expect(tensor('w2')).toBeUndefined();
  });

  it('has a scale per column of the matrix of a dense layer, whose bias stays what it is', () => {
    const dense = { operator: 'MatMul', inputs: ['s', 'w'], outputs: ['d'], attributes: {} };
    const model: OnnxModel = {
      ...MODEL,
      nodes: [
        ...MODEL.nodes.slice(0, 3),
        dense,
        { operator: 'Add', inputs: ['d', 'b'], outputs: ['y'], attributes: {} },
      ],
      tensors: [
        ...MODEL.tensors,
        { name: 'w', type: 'float32', shape: [2, 3], values: Float32Array.of(1, 10, 0.1, -0.5, 20, 0.2) },
        { name: 'b', type: 'float32', shape: [3], values: Float32Array.of(1, 2, 3) },
      ],
    };
    const plan = planQuantization(model);
    expect([...plan.products]).toEqual(['c', 'd']);
    expect(plan.activations).toContain('s');
    expect(plan.activations).not.toContain('d'); // the answer is made of it
    const { nodes, tensors } = quantized(model, plan, new Map([['s', { low: 0, high: 6 }]]));
    const tensor = (name: string) => tensors.find((each) => each.name === name);
    expect([...(tensor('d_weight_coded')?.values ?? [])].map(Number)).toEqual([127, 64, 64, -64, 127, 127]);
    const scales = [...(tensor('d_weight_scale')?.values ?? [])].map(Number);
    for (const [i, most] of [1, 20, 0.2].entries()) expect(scales[i]).toBeCloseTo(most / 127, 6);
    expect(nodes.find(({ outputs }) => outputs[0] === 'd_weight_decoded')?.attributes).toEqual({ axis: 1 });
    expect(tensor('b')?.type).toBe('float32');
  });

  it('keeps the bias of a channel whose weights are zeros or nearly', () => {
    const convolution = { operator: 'Conv', inputs: ['s', 'w', 'b'], outputs: ['y'], attributes: {} };
    const model: OnnxModel = {
      ...MODEL,
      nodes: [...MODEL.nodes.slice(0, 3), convolution],
      tensors: [
        ...MODEL.tensors,
        { name: 'w', type: 'float32', shape: [3, 2, 1, 1], values: Float32Array.of(0, 0, 1e-7, 1e-7, 1, -1) },
        { name: 'b', type: 'float32', shape: [3], values: Float32Array.of(-4.6, 0.5, 2) },
      ],
    };
    const { tensors } = quantized(model, planQuantization(model), new Map([['s', { low: 0, high: 6 }]]));
    const values = (name: string) => [...(tensors.find((each) => each.name === name)?.values ?? [])].map(Number);
    const [coded, units] = [values('y_bias_coded'), values('y_bias_scale')];
    expect(coded.map((value, c) => value * (units[c] ?? 0))).toEqual(
      [-4.6, 0.5, 2].map((bias) => expect.closeTo(bias, 4)),
    );
    expect(Math.max(...coded.map(Math.abs))).toBeLessThanOrEqual(2 ** 30); // products are added in 32 bits
    expect(values('y_weight_scale')[2]).toBeCloseTo(1 / 127, 7);
  });

  it('stores a weight of several convolutions once', () => {
    const again = { operator: 'Conv', inputs: ['r', 'w2'], outputs: ['z'], attributes: {} };
    const model: OnnxModel = { ...MODEL, nodes: [...MODEL.nodes, again] };
    const range = { low: 0, high: 6 };
    const { nodes, tensors } = quantized(
      model,
      planQuantization(model),
      new Map([
        ['r', range],
        ['s', range],
      ]),
    );
    expect(tensors.filter(({ type }) => type === 'int8').map(({ name }) => name)).toEqual([
      'y_weight_coded',
      'y_weight_zero',
    ]);
    const decoders = nodes.filter(({ inputs }) => inputs[0] === 'y_weight_coded').map(({ outputs }) => outputs[0]);
    expect(decoders).toEqual(['y_weight_decoded', 'z_weight_decoded']);
  });
});

describe.skipIf(!hasOnnxRuntime)(`an int8 network in ONNX Runtime${WITHOUT_RUNTIME}`, () => {
  it('is a third of the size and near the network it was made of', async () => {
    const model = buildNetwork('semantic');
    const { exported } = model;
    if (!exported) throw new Error('not exported');
    const graph = await traceNetwork(model, { inputSize: SIZE });
    const description = describeAs(exported.reading, { precision: 'int8' });
    const shape = [1, ...SIZE, 3];
    let measured = 0;
    const bytes = await exportInt8(graph, description, 'none', async (measuring, names) => {
      measured = names.length;
      const outputs = await runOnnx(measuring, 'images', PIXELS, shape);
      return new Map(
        names.map((name) => {
          const histogram = new Histogram();
          histogram.add(outputs[name]?.values ?? new Float32Array());
          return [name, histogram.range('percentile')];
        }),
      );
    });
    expect(measured).toBe(planQuantization(onnxOf(graph, {})).activations.length);
    const whole = exportOnnx(graph, describeAs(exported.reading));
    expect(bytes.length).toBeLessThan(0.4 * whole.length);
    const [found, wanted] = [
      await runOnnx(bytes, 'images', PIXELS, shape),
      await runOnnx(whole, 'images', PIXELS, shape),
    ];
    const [a, b] = [found.scores?.values ?? new Float32Array(), wanted.scores?.values ?? new Float32Array()];
    const mean = b.reduce((sum, value) => sum + value, 0) / b.length;
    const spread = Math.sqrt(b.reduce((sum, value) => sum + (value - mean) ** 2, 0) / b.length);
    const error = Math.sqrt(b.reduce((sum, value, i) => sum + (value - (a[i] ?? Number.NaN)) ** 2, 0) / b.length);
    expect(error / spread).toBeLessThan(0.2);
    model.dispose();
  });
});
