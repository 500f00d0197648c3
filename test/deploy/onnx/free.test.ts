import { describe, expect, it } from 'vitest';
import { exportOnnx } from '../../../deploy/exportOnnx.js';
import { traceNetwork, traceVariants } from '../../../deploy/network.js';
import { type FreeAxis, freed } from '../../../deploy/onnx/free.js';
import type { OnnxModel } from '../../../deploy/onnx/model.js';
import { onnxOf } from '../../../deploy/onnx/onnx.js';
import { ConfigError } from '../../../engine/errors.js';
import { hasOnnxRuntime, runOnnx, WITHOUT_RUNTIME } from '../onnxRuntime.js';
import { buildNetwork, describeAs, PIXELS, SIZE } from '../smallNetwork.js';

/** A network with the variants of its axes. */
async function variantsOf(head: string, axes: readonly FreeAxis[]) {
  const model = buildNetwork(head);
  const graph = await traceNetwork(model, { inputSize: SIZE });
  return { model, graph, variants: await traceVariants(model, { inputSize: SIZE }, axes) };
}

const model = (shape: readonly number[], weights = [1, 2]): OnnxModel => ({
  nodes: [
    { operator: 'Mul', inputs: ['images', 'w'], outputs: ['m'], attributes: {} },
    { operator: 'Reshape', inputs: ['m', 's'], outputs: ['y'], attributes: {} },
  ],
  tensors: [
    { name: 'w', type: 'float32', shape: [weights.length], values: Float32Array.from(weights) },
    { name: 's', type: 'int64', shape: [shape.length], values: shape },
  ],
  inputs: [{ name: 'images', type: 'float32', shape: [shape[0] ?? 1, 2] }],
  outputs: [{ name: 'y', type: 'float32', shape }],
  metadata: {},
});

describe('a model beside that of another size', () => {
  it('lets one side of a shape follow from the others', () => {
    const { tensors, inputs } = freed(model([1, 8]), [{ axis: 'batch', model: model([2, 8]) }]);
    expect(tensors.find(({ type }) => type === 'int64')?.values).toEqual([-1, 8]);
    expect(inputs[0]?.shape).toEqual(['batch', 2]);
  });

  it('is refused with the operator whose numbers differ', () => {
    const told =
      /^--batch dynamic: a Reshape of the network holds numbers that change with the number of images: leave/;
    expect(() => freed(model([1, 8]), [{ axis: 'batch', model: model([2, 16]) }])).toThrow(told);
    expect(() => freed(model([1, 8]), [{ axis: 'size', model: model([1, 8], [1, 3]) }])).toThrow(
      /a Mul of the network/,
    );
    const [first] = model([1, 8]).nodes;
    const shorter = { ...model([1, 8]), nodes: first ? [first] : [] };
    expect(() => freed(model([1, 8]), [{ axis: 'size', model: shorter }])).toThrow(ConfigError);
  });
});

describe('an exported network with free axes', () => {
  it('names them in its ports', async () => {
    const { model, graph, variants } = await variantsOf('unet', ['batch', 'size']);
    const { inputs, outputs } = freed(
      onnxOf(graph, {}),
      variants.map(({ axis, graph: other }) => ({ axis, model: onnxOf(other, {}) })),
    );
    expect(inputs[0]?.shape).toEqual(['batch', 'height', 'width', 3]);
    expect(outputs[0]?.shape?.[0]).toBe('batch');
    model.dispose();
  });

  it('is refused where boxes lie on a grid of one size', async () => {
    await expect(variantsOf('retina', ['size'])).rejects.toThrow(
      /^--size dynamic: the network is of one size \(.*expects \[8,12,64\].*\): leave it out, and export a file for each/,
    );
  });

  it.skipIf(!hasOnnxRuntime).each(['retina', 'unet'])(
    `%s answers two images as it answers each${WITHOUT_RUNTIME}`,
    async (head) => {
      const { model, graph, variants } = await variantsOf(head, ['batch']);
      const bytes = exportOnnx(graph, describeAs(model.exported?.reading as never), 'none', variants);
      const other = PIXELS.map((value) => 255 - value);
      const both = await runOnnx(bytes, 'images', Float32Array.from([...PIXELS, ...other]), [2, ...SIZE, 3]);
      for (const [i, pixels] of [PIXELS, other].entries()) {
        const alone = await runOnnx(bytes, 'images', pixels, [1, ...SIZE, 3]);
        for (const [name, { values }] of Object.entries(alone)) {
          const part = both[name]?.values.subarray(i * values.length, (i + 1) * values.length) ?? [];
          let furthest = 0;
          for (const [at, value] of values.entries())
            furthest = Math.max(furthest, Math.abs(value - (part[at] ?? NaN)));
          expect(furthest).toBeLessThan(1e-3);
        }
      }
      model.dispose();
    },
  );

  it.skipIf(!hasOnnxRuntime)(
    `of a segmenter answers another size as a file of that size${WITHOUT_RUNTIME}`,
    async () => {
      const { model, graph, variants } = await variantsOf('unet', ['size']);
      const description = describeAs(model.exported?.reading as never);
      const bytes = exportOnnx(graph, description, 'none', variants);
      const size = [96, 160] as const;
      const pixels = Float32Array.from({ length: size[0] * size[1] * 3 }, (_, i) => (Math.sin(i * 0.3) + 1) * 127);
      const fixed = exportOnnx(await traceNetwork(model, { inputSize: size }), description);
      const [found, wanted] = [
        await runOnnx(bytes, 'images', pixels, [1, ...size, 3]),
        await runOnnx(fixed, 'images', pixels, [1, ...size, 3]),
      ];
      for (const [name, { values, shape }] of Object.entries(wanted)) {
        expect(found[name]?.shape).toEqual(shape);
        for (const [i, value] of values.entries()) expect(found[name]?.values[i]).toBeCloseTo(value, 3);
      }
      model.dispose();
    },
  );
});
