import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Detections } from '../../datasets/sample.js';
import { type Description, metadataOf, readDescription } from '../../deploy/description.js';
import { exportOnnx } from '../../deploy/exportOnnx.js';
import { traceNetwork } from '../../deploy/network.js';
import type { Tree } from '../../engine/compile.js';
import { normalizeImages } from '../../engine/kernels/index.js';
import { type HostOutputs, readAnswers } from '../../heads/answers/answers.js';
import { memorySource } from '../../weights/bytes/byteSource.js';
import { fieldBytes, readFields } from '../../weights/bytes/protobuf.js';
import { openOnnx } from '../../weights/onnx.js';
import { hasOnnxRuntime, runOnnx, WITHOUT_RUNTIME } from './onnxRuntime.js';
import { buildNetwork, describeAs, PIXELS, SIZE } from './smallNetwork.js';

const PLACEMENT = { width: 192, height: 128, scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 0 };

describe('an exported network', () => {
  const model = buildNetwork('retina');
  const traced = traceNetwork(model, { inputSize: SIZE });
  afterAll(() => model.dispose());

  it('is an ONNX file of opset 17 with its description, names and licence in the metadata', async () => {
    const description = describeAs({ ...(model.exported?.reading as Description['answer']) });
    const bytes = exportOnnx(await traced, description);
    const numbers = new Map<number, number>();
    for (const field of readFields(memorySource(bytes, 'x')))
      if (field.kind === 'varint') numbers.set(field.number, Number(field.value));
    expect(numbers.get(1)).toBe(8); // ir_version
    const opset = [...readFields(memorySource(fieldBytes(bytes, 8)[0] as Uint8Array, 'x'))];
    expect(opset.find(({ number }) => number === 2)).toMatchObject({ value: 17n });
    const file = openOnnx(memorySource(bytes, 'x'));
    expect(readDescription(file.metadata.espalier, 'x')).toEqual(description);
    expect(file.metadata).toMatchObject({ names: '["a","b","c"]', task: 'detection', license: 'CC0-1.0' });
    expect(file.metadata.producer_version).toBe('1.2.3');
    const names = [...file.tensors.keys()];
    expect(names).toContain('backbone.conv_stem.weight');
    expect(names.filter((name) => name.includes('running_') || name.includes('bn1.weight'))).toEqual([]); // folded
  });

  it('takes half the space in 16 bits', async () => {
    const graph = await traced;
    const description = describeAs({ ...(model.exported?.reading as Description['answer']) });
    const [whole, half] = [description, describeAs(description.answer, { precision: 'f16' })].map(
      (each) => exportOnnx(graph, each).length,
    ) as [number, number];
    expect(half).toBeLessThan(0.56 * whole);
    expect(half).toBeGreaterThan(0.5 * whole);
  });

  it('says what it cannot suppress in its graph', async () => {
    const soft = describeAs({ ...(model.exported?.reading as { kind: 'boxes' }), suppression: 'soft' } as never);
    const graph = await traced;
    expect(() => exportOnnx(graph, soft, 'graph')).toThrow('suppresses boxes softly, which ONNX has no operator for');
    const pair = await traceNetwork(model, { inputSize: SIZE, batch: 2 });
    expect(() => exportOnnx(pair, describeAs({ ...soft.answer, suppression: 'hard' } as never), 'graph')).toThrow(
      '--nms graph is for one image a call, not for 2',
    );
  });
});

describe('the description of a network', () => {
  it.each([
    [undefined, "has no description of this library: give a file that 'espalier export' wrote"],
    ['{', 'its description is not JSON'],
    ['{"format":"espalier-network","version":2}', 'its description has version'],
    [
      JSON.stringify({
        ...JSON.parse(metadataOf(describeAs({ kind: 'detections', maxDetections: 100 })).espalier as string),
        classes: [],
      }),
      'classes',
    ],
  ])('is refused where it is %s', (text, message) => {
    expect(() => readDescription(text, 'model.onnx')).toThrow(message);
  });
});

describe.skipIf(!hasOnnxRuntime)(`ONNX Runtime${WITHOUT_RUNTIME}`, () => {
  it.each(['retina', 'fcos', 'aligned', 'semantic', 'lraspp', 'classification', 'instance'])(
    'answers as the engine does with the head %s',
    async (head) => {
      const model = buildNetwork(head);
      const { exported } = model;
      if (!exported) throw new Error('not exported');
      const graph = await traceNetwork(model, { inputSize: SIZE });
      const outputs = await runOnnx(exportOnnx(graph, describeAs(exported.reading)), 'images', PIXELS, [1, ...SIZE, 3]);
      const { mean, std } = model.preprocessing;
      const raw = tf.tidy(() => {
        const images = normalizeImages(tf.tensor4d(PIXELS, [1, ...SIZE, 3]), mean, std);
        return model.forward(images, { training: false }) as tf.TensorContainer;
      }) as Tree;
      const wanted = tf.tidy(() => exported.outputs(raw));
      for (const [name, tensor] of Object.entries(wanted)) {
        const expected = await tensor.data();
        const spread = Math.max(1, ...expected.map(Math.abs));
        const furthest = Math.max(
          ...expected.map((value, i) => Math.abs(value - (outputs[name]?.values[i] ?? Number.NaN))),
        );
        expect(furthest / spread).toBeLessThan(1e-4);
      }
      const [answer] = (await readAnswers(exported.reading, outputs, [PLACEMENT])) as [object];
      const [decoded] = (await model.decode(raw, [PLACEMENT])) as [object];
      for (const [key, values] of Object.entries(decoded) as [string, number | boolean | Float32Array][]) {
        const found = answer[key as never] as typeof values;
        if (key === 'masks') expect(found).toEqual(values);
        else if (typeof values !== 'object') expect(found).toBe(values);
      else expect(Math.max(0, ...values.map((value, i) => Math.abs(value - ((found as Float32Array)[i] ?? 1e9))))).toBeLessThan(0.01); // biome-ignore format: one line
      }
      tf.dispose([raw, wanted] as tf.TensorContainer);
      model.dispose();
    },
  );

  it('suppresses boxes in the graph as the library does', async () => {
    const model = buildNetwork('retina');
    const { exported } = model;
    if (exported?.reading.kind !== 'boxes') throw new Error('no detector');
    const description = describeAs({ ...exported.reading, maxCandidates: 500, maxDetections: 20, scoreThreshold: 0.2 });
    const graph = await traceNetwork(model, { inputSize: SIZE });
    const shape = [1, ...SIZE, 3];
    const outside = await runOnnx(exportOnnx(graph, description), 'images', PIXELS, shape);
    const inside = await runOnnx(exportOnnx(graph, description, 'graph'), 'images', PIXELS, shape);
    const read = async (reading: Description['answer'], outputs: HostOutputs) =>
      ((await readAnswers(reading, outputs, [PLACEMENT])) as Detections[])[0] as Detections;
    const own = await read(description.answer, outside);
    const others = await read({ kind: 'detections', maxDetections: 100 }, inside);
    expect(own.labels.length).toBeGreaterThan(0);
    expect([...others.labels]).toEqual([...own.labels]);
    own.boxes.forEach((edge, i) => {
      expect(others.boxes[i]).toBeCloseTo(edge, 3);
    });
    own.scores.forEach((score, i) => {
      expect(others.scores[i]).toBeCloseTo(score, 5);
    });
    model.dispose();
  });
});
