import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { engineNetwork } from '../../deploy/engineNetwork.js';
import type { ExportedFile } from '../../deploy/formats.js';
import { traceNetwork } from '../../deploy/network.js';
import { graphDefOf } from '../../deploy/tensorflow/graphDef.js';
import { savedModelFiles } from '../../deploy/tensorflow/savedModel.js';
import { traceGraph } from '../../engine/graph/trace.js';
import { openSavedModel } from '../../engine/tensorflow/savedModel.js';
import { noise, PROGRAMS, SHAPE } from './onnx/programs.js';
import { buildNetwork, describeAs, PIXELS, SIZE } from './smallNetwork.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-saved-'));
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, files: readonly ExportedFile[]): string {
  for (const { name: file, bytes } of files) {
    const path = join(folder, name, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
  return join(folder, name);
}

const furthest = (found: Float32Array | undefined, wanted: ArrayLike<number>): number => {
  expect(found?.length).toBe(wanted.length);
  return Math.max(...Array.from(wanted, (value, i) => Math.abs(value - (found?.[i] ?? Number.NaN))));
};

describe("a SavedModel in TensorFlow's own library", () => {
  const plain = PROGRAMS.filter(([kernels]) => !/^Prelu|^EspalierDilated/.test(kernels));

  it.each(plain.map(([kernels, run], i) => [kernels, i, run] as const))(
    'computes what the engine computes: %s (program %i)',
    async (_, i, run) => {
      const values = noise(SHAPE);
      const graph = await traceGraph({ x: SHAPE }, ({ x }) => ({ y: tf.cast(run(x as tf.Tensor4D), 'float32') }));
      const files = savedModelFiles(graphDefOf(graph), describeAs({ kind: 'detections', maxDetections: 100 }));
      const session = openSavedModel(write(`program-${i}`, files), ['y']);
      const { y } = await session.run({ x: { values, shape: SHAPE } });
      const wanted = tf.tidy(() => run(tf.tensor4d(values, [...SHAPE])));
      expect(y?.shape).toEqual(wanted.shape);
      expect(furthest(y?.values, await wanted.data())).toBeLessThan(2e-5);
      wanted.dispose();
      await session.dispose();
    },
  );

  it.each([
    ['retina', 'f32'],
    ['retina', 'f16'],
    ['instance', 'f32'],
    ['semantic', 'f32'],
  ] as const)('of a network with the head %s is one call from pixels to its answer, in %s', async (head, precision) => {
    const model = buildNetwork(head);
    const { exported } = model;
    if (!exported) throw new Error('not exported');
    const graph = graphDefOf(await traceNetwork(model, { inputSize: SIZE, kernels: 'plain' }));
    const files = savedModelFiles(graph, describeAs(exported.reading, { precision }));
    const session = openSavedModel(
      write(`${head}-${precision}`, files),
      graph.outputs.map(({ name }) => name),
    );
    const input = { images: { values: PIXELS, shape: [1, ...SIZE, 3] } };
    const engine = engineNetwork(model);
    const [found, wanted] = [await session.run(input), await engine.run(input)];
    for (const [name, { values }] of Object.entries(wanted)) {
      const spread = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      expect(furthest(found[name]?.values, values) / spread).toBeLessThan(precision === 'f32' ? 1e-4 : 2e-2);
    }
    await Promise.all([session.dispose(), engine.dispose()]);
    model.dispose();
  });

  it('is closed once, answers nothing after, and takes as many values as their shape says', async () => {
    const graph = await traceGraph({ x: [2, 3] }, ({ x }) => ({ y: tf.neg(x as tf.Tensor2D) }));
    const files = savedModelFiles(graphDefOf(graph), describeAs({ kind: 'detections', maxDetections: 100 }));
    const session = openSavedModel(write('closed', files), ['y']);
    const x = { values: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3] };
    await expect(session.run({ x: { ...x, shape: [2, 3000] } })).rejects.toThrow('6 values for a tensor [2,3000]');
    expect([...((await session.run({ x })).y?.values ?? [])]).toEqual([-1, -2, -3, -4, -5, -6]);
    await session.dispose();
    await session.dispose();
    await expect(session.run({ x })).rejects.toThrow('has been closed');
  });

  it('is refused with the reason where there is none', () => {
    expect(() => openSavedModel(join(folder, 'nothing'), ['y'])).toThrow('Could not find SavedModel');
  });
});
